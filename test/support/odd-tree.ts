import { execFile } from 'node:child_process';
import { mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Names that are no text, and longer than an archive's plain header takes. */
const ODD_NAMES = [
  Buffer.from([0x6e, 0xff, 0x0a, 0x80, 0x20, 0x78]),
  Buffer.from('-rf'),
  Buffer.alloc(200, 0xe9),
] as const;

const COMMANDS = `
cd "$1"
ln file hard
setfattr -n user.colour -v red file
setfattr -n trusted.overlay.opaque -v y file
setcap cap_net_raw+ep file
# An ACL by which user 1000 may read and write, and a default one of a directory.
setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff file
mkdir kept shut
setfattr -n system.posix_acl_default -v 0x0200000001000700ffffffff02000700e803000004000500ffffffff10000700ffffffff20000500ffffffff kept
echo x > kept/x
chmod 555 kept
chmod 0 shut
truncate -s 64M sparse
printf end | dd of=sparse bs=1 seek=30000000 conv=notrunc status=none
mkfifo pipe
mknod null c 1 3
cp /usr/bin/true elevated
chown 1000:1000 elevated
chmod 6755 elevated
ln -s /etc/passwd absolute
ln -s ../../.. upward
ln absolute absolute-hard
chown -h 1234:5678 sparse absolute .
chmod 2751 .
touch -h -d 2001-02-03T04:05:06.123456789Z sparse absolute .
`;

/** Fills an empty directory with everything that a copy can lose. */
export async function makeOddTree(path: string): Promise<void> {
  await writeFile(`${path}/file`, 'content');
  for (const name of ODD_NAMES) await writeFile(Buffer.concat([Buffer.from(`${path}/`), name]), 'odd');
  await mkdir(`${path}/${'d'.repeat(200)}`);
  await symlink(Buffer.alloc(150, 0xff), `${path}/${'d'.repeat(200)}/link`);
  await exec('sh', ['-ec', COMMANDS, 'sh', path]);
  await using root = await open(path);
  await root.sync();
}

/** Everything that {@link makeOddTree} made, as text; equal for trees that are equal. */
export async function describeTree(path: string): Promise<string> {
  const script = [
    'cd "$1"',
    'find . -printf "%P %y %m %U %G %T@ %n %l\\n" | LC_ALL=C sort',
    'find . -type f -size -1M -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z | tr "\\0" "\\n"',
    'sha256sum sparse',
    // xfs shows its access control lists a second time, under names of its own.
    'getfattr -h -R -d -m - . | grep -v ^trusted.SGI_ACL | LC_ALL=C sort',
    'getcap -r . | LC_ALL=C sort',
    'stat -c %t,%T null',
    'test absolute -ef absolute-hard',
  ].join(' && ');
  const { stdout } = await exec('sh', ['-c', script, 'sh', path], { encoding: 'latin1' });
  return stdout;
}
