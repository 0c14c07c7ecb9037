#!/bin/sh
# Runs in the root of the image once its packages are there: takes away what they pulled in and the driver never uses.
set -eu

# xfs_scrub and its timer are all that wants Python and ICU; the driver makes, mounts and grows xfs.
rm -f /usr/sbin/xfs_scrub /usr/sbin/xfs_scrub_all
python='^(lib)?python3|^libicu[0-9]|^libsqlite3|^media-types$|^libexpat1$|^libffi|^(lib)?readline'
perl='^perl$|^perl-modules|^libperl|-perl$|^libgdbm'
# Nothing is ever installed in a running container.
apt='^apt$|^libapt-pkg|^adduser$|^gpgv$|^debian-archive-keyring$|^libgnutls|^libhogweed|^libnettle|^libp11-kit|^libtasn1|^libidn2|^libunistring|^libseccomp|^libxxhash|^libstemmer'
unused=$(dpkg-query --show --showformat '${Package}\n' | grep -E "$python|$perl|$apt")
# Their scripts would start what goes away with them.
for package in $unused; do rm -f "/var/lib/dpkg/info/$package".*rm "/var/lib/dpkg/info/$package":*.*rm; done
# shellcheck disable=SC2086 # one word for each package
dpkg --purge --force-depends $unused >/tmp/purge.log 2>&1 || {
  cat /tmp/purge.log >&2
  exit 1
}
rm /tmp/purge.log

rm -rf /usr/lib/python3* /usr/share/python3 /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/man /usr/share/info \
  /usr/share/locale /usr/share/lintian /usr/share/bash-completion /usr/share/zsh
find /usr/share/doc -type f ! -name copyright -delete
find /usr/share/doc -type l -delete
find /usr/share/doc -type d -empty -delete
# The same bytes from the same packages: no machine's identity, no times in databases.
rm -f /etc/machine-id /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /var/lib/dpkg/*-old /etc/resolv.conf /etc/hostname
# Nobody becomes root in here who is not.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
