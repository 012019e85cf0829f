// SPDX-License-Identifier: MIT
// Terminals: everything is an ioctl.
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int tcgetattr(int file, struct termios *result)
{
    return ioctl(file, TCGETS, result);
}

int tcsetattr(int file, int when, const struct termios *attributes)
{
    if (when < TCSANOW || when > TCSAFLUSH) {
        errno = EINVAL;
        return -1;
    }
    return ioctl(file, TCSETS + (unsigned long)when, attributes);
}

int tcdrain(int file)
{
    return ioctl(file, TCSBRK, 1);
}

int tcflush(int file, int queue)
{
    return ioctl(file, TCFLSH, queue);
}

pid_t tcgetsid(int file)
{
    pid_t session;
    return ioctl(file, TIOCGSID, &session) == 0 ? session : -1;
}

pid_t tcgetpgrp(int file)
{
    pid_t group;
    return ioctl(file, TIOCGPGRP, &group) == 0 ? group : -1;
}

int tcsetpgrp(int file, pid_t group)
{
    return ioctl(file, TIOCSPGRP, &group);
}

int isatty(int file)
{
    struct termios attributes;
    return tcgetattr(file, &attributes) == 0;
}

int _isatty(int file)
{
    return isatty(file);
}

char *ttyname(int file)
{
    return isatty(file) ? "/dev/console" : NULL;
}

speed_t cfgetospeed(const struct termios *attributes)
{
    return attributes->c_cflag & CBAUD;
}

speed_t cfgetispeed(const struct termios *attributes)
{
    return cfgetospeed(attributes);
}

int cfsetospeed(struct termios *attributes, speed_t speed)
{
    attributes->c_cflag = (attributes->c_cflag & ~CBAUD) | (speed & CBAUD);
    return 0;
}

int cfsetispeed(struct termios *attributes, speed_t speed)
{
    return speed ? cfsetospeed(attributes, speed) : 0;
}

void cfmakeraw(struct termios *attributes)
{
    attributes->c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    attributes->c_oflag &= ~OPOST;
    attributes->c_lflag &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    attributes->c_cflag = (attributes->c_cflag & ~(CSIZE | PARENB)) | CS8;
    attributes->c_cc[VMIN] = 1;
    attributes->c_cc[VTIME] = 0;
}
