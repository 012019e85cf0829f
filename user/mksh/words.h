// SPDX-License-Identifier: MIT
// Completion of what is no file: the words of `domain` are services, images and classes of faults,
// and it tells them itself (`domain words`). tools/program.sh makes this a part of mksh's edit.c.

#define WORDS_OF "domain"

// Where the command begins that the word at START belongs to, if it is one that is asked. -1: it is
// another, or has more in it than plain words, which are none of ours to work out.
static int words_command(const char *buf, int start, int end)
{
    int first = start;
    while (first > 0 && !ctype(buf[first - 1], C_EDCMD))
        first--;
    while (first < start && ctype(buf[first], C_SPACE))
        first++;
    int length = (int)strlen(WORDS_OF);
    if (start - first <= length || strncmp(buf + first, WORDS_OF, length) != 0 ||
        !ctype(buf[first + length], C_SPACE))
        return -1;
    for (int i = first; i < end; i++)
        if (!ctype(buf[i], C_ALNUX | C_SPACE) && buf[i] != '-' && buf[i] != '.')
            return -1;
    return first + length;
}

// What the command says may stand behind its words so far, one a line. The last status
// stays as it was.
static char *words_ask(const char *words, int length)
{
    int status = exstat, inner = subst_exstat;
    char *text =
        substitute(shf_smprintf("$(\\" WORDS_OF " words %.*s 2>/dev/null)", length, words), 0);
    exstat = status;
    subst_exstat = inner;
    return text;
}

// As x_file_glob(), for the word at START of BUF. 0: nothing of these; it may be a file.
static int x_words_glob(const char *buf, int start, int length, char ***wordsp)
{
    int behind = words_command(buf, start, start + length), count = 0;
    if (behind < 0)
        return 0;
    XPtrV found;
    XPinit(found, 32);
    char *text = words_ask(buf + behind, start - behind);
    for (char *end; *text; text = end) {
        end = text + strcspn(text, "\n");
        if (*end)
            *end++ = '\0';
        if (*text && strncmp(text, buf + start, length) == 0) {
            char *word;
            strdupx(word, text, ATEMP);
            XPput(found, word);
            count++;
        }
    }
    XPput(found, NULL);
    *wordsp = (char **)XPclose(found);
    return count;
}
