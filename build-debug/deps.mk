# the packages that tools/deps.sh names are installed
