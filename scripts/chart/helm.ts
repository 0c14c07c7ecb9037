import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const VERSION = 'v3.22.0';
const PACKAGE = 'helm.sh/helm/v3/cmd/helm';
/** The minor version of Kubernetes that helm takes a cluster for that it cannot ask; its releases have one built in as well. */
const KUBERNETES_MINOR = 34;

const INSTALLS_WITHIN_MS = 600_000;
const RUNS_WITHIN_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

/** Where helm is; installed with `go install` into a cache outside of the tree when it is not there yet. Throws without Go. */
export async function findHelm(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'stowage', 'tools', `helm-${VERSION}-for-1.${KUBERNETES_MINOR}`);
  const program = join(folder, 'helm');
  if (await exists(program)) return program;
  await mkdir(folder, { recursive: true });
  const variable = 'helm.sh/helm/v3/pkg/chartutil.k8sVersion';
  const link = `-s -w -X ${variable}Major=1 -X ${variable}Minor=${KUBERNETES_MINOR}`;
  await exec('go', ['install', '-trimpath', '-ldflags', link, `${PACKAGE}@${VERSION}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    timeout: INSTALLS_WITHIN_MS,
  }).catch((cause: unknown) => {
    throw new Error(`helm ${VERSION} cannot be built, for which Go is needed: ${String(cause)}`, { cause });
  });
  return program;
}

/** Runs helm with standard input; returns what it prints, both streams. Throws with both when it fails. */
export async function runHelm(args: readonly string[], input = ''): Promise<string> {
  const running = exec(await findHelm(), args, { timeout: RUNS_WITHIN_MS, maxBuffer: MAX_OUTPUT_BYTES });
  running.child.stdin?.end(input);
  const { stdout, stderr } = await running;
  return `${stdout}${stderr}`;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
