import { runInPod } from './kubectl.ts';

/**
 * A script that writes one file after the other to /data, each fsynced, and then prints its number and checksum: what it has printed has to be
 * there after whatever happens. Started again it goes on where it was.
 */
export const JOURNAL = `
number=$(ls /data | wc -l)
while :; do
  number=$((number + 1))
  head -c 16384 /dev/urandom >/tmp/record
  dd if=/tmp/record of=/data/$number conv=fsync 2>/dev/null || exit 1
  echo "$number $(sha256sum </tmp/record | cut -d ' ' -f 1)"
done`;

/** Which of the records that a journal has printed are not in the volume as they were written. The pod has it at /data. */
export async function findLostRecords(
  namespace: string,
  pod: string,
  printed: readonly string[],
): Promise<readonly string[]> {
  const script = `cd /data; while read -r number sum; do
    [ "$(sha256sum <$number | cut -d ' ' -f 1)" = "$sum" ] || echo "$number"
  done`;
  const output = await runInPod(namespace, pod, script, { input: `${printed.join('\n')}\n` });
  return output.split('\n').filter((line) => line !== '');
}
