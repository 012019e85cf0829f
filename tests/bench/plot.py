# SPDX-License-Identifier: MIT
"""Plots as SVG, by gnuplot, readable on light and dark pages."""

import subprocess

COLOURS = ["#3b6ea5", "#c8763c", "#5a9367", "#8c5a9e", "#b0494f", "#7a7a3a"]

HEAD = """
set terminal svg size {width},{height} background "#ffffff" font "sans-serif,12" dynamic
set output {file}
set title {title} font ",15" enhanced
set border 3 lc rgb "#444444"
set tics nomirror
set grid ytics lc rgb "#dddddd"
set key top left Left reverse noenhanced
set xlabel {x} noenhanced
set ylabel {y} noenhanced
"""


def quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def gnuplot(script):
    done = subprocess.run(["gnuplot", "-"], input=script, text=True, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"gnuplot: {done.stderr}\n{script}")


def head(file, title, subtitle, x, y, width=800, height=420):
    both = f"{title}\\n{{/*0.7 {subtitle}}}".replace("_", "\\\\_")
    return HEAD.format(file=quoted(file), title=f'"{both}"', x=quoted(x), y=quoted(y), width=width,
                       height=height)


def bars(file, title, subtitle, series, groups, y="", logarithmic=False):
    """`series` are names; `groups` are (label, a value or None for each series)."""
    rows = "\n".join(" ".join([quoted(label), *("NaN" if value is None else str(value) for value in values)])
                     for label, values in groups)
    drawn = ", ".join(f"$data using {place + 2}:xtic(1) title {quoted(name)} lc rgb "
                      f"{quoted(COLOURS[place % len(COLOURS)])}" for place, name in enumerate(series))
    gnuplot(head(file, title, subtitle, "", y, width=max(640, 60 * len(groups) * len(series) // 2))
            + "set style data histogram\nset style histogram cluster gap 1\nset style fill solid\n"
              "set boxwidth 0.9\nset xtics rotate by -30 noenhanced\n"
            + ("set logscale y\n" if logarithmic else "set yrange [0:*]\n")
            + f"$data << EOD\n{rows}\nEOD\nplot {drawn}\n")


def lines(file, title, subtitle, x, y, series, logarithmic="", style="linespoints", marks=(), ticks=()):
    """`series` maps a name to its points; `marks` are (x, text); `ticks` are (x, text) in the x axis' stead."""
    blocks, drawn = [], []
    for place, (name, points) in enumerate(series.items()):
        rows = "\n".join(f"{one} {other}" for one, other in points)
        blocks.append(f"$data{place} << EOD\n{rows}\nEOD\n")
        drawn.append(f"$data{place} with {style} pt 7 ps 0.4 lc rgb {quoted(COLOURS[place % len(COLOURS)])} "
                     f"title {quoted(name)}")
    arrows = "".join(
        f'set arrow from first {at}, graph 0 to first {at}, graph 1 nohead dt 2 lc rgb "#888888"\n'
        f'set label {quoted(said)} at first {at}, graph 0.97 left offset 0.3,0 font ",10" noenhanced\n'
        for at, said in marks)
    named = ", ".join(f"{quoted(said)} {at}" for at, said in ticks)
    gnuplot(head(file, title, subtitle, x, y) + "".join(blocks) + arrows
            + (f"set logscale {logarithmic}\n" if logarithmic else "")
            + ("" if "y" in logarithmic else "set yrange [0:*]\n")
            + (f"set xtics ({named})\n" if named else "")
            + f"plot {', '.join(drawn)}\n")
