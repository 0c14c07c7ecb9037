import { execFile } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const exec = promisify(execFile);
const VERSION = 'v5.6.0';
const PACKAGE = 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity';
const INSTALLS_WITHIN_MS = 300_000;
const RUNS_WITHIN_MS = 300_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** What one run of the suite is given. */
export interface SanityOptions {
  /** The program, from {@link findSanityProgram}. */
  readonly program: string;
  /** A directory for its mount points and files; removed by the caller. */
  readonly directory: string;
  readonly nodeEndpoint: string;
  readonly controllerEndpoint: string;
  readonly accessType: 'mount' | 'block';
  /** Of the StorageClass. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly volumeBytes: number;
  readonly expandedBytes: number;
}

/** One test of the suite. */
export interface SanityTest {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or skipped itself. */
  readonly reason: string;
}

/**
 * Where csi-sanity is; installed with `go install` into a folder of its own when it is not there yet. Undefined without Go; throws
 * when Go cannot install it.
 */
export async function findSanityProgram(): Promise<string | undefined> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'stowage', 'tools', `csi-sanity-${VERSION}`);
  const program = join(folder, 'csi-sanity');
  if (await exists(program)) return program;
  if (!(await hasGo())) return undefined;
  await mkdir(folder, { recursive: true });
  await exec('go', ['install', `${PACKAGE}@${VERSION}`], {
    env: { ...process.env, GOBIN: folder },
    timeout: INSTALLS_WITHIN_MS,
  });
  return program;
}

/** Runs the whole suite, nothing skipped or focused by name, and returns its tests. Throws when it leaves no report. */
export async function runSanity(options: SanityOptions): Promise<readonly SanityTest[]> {
  const { directory } = options;
  await mkdir(directory, { recursive: true });
  const report = join(directory, 'report.json');
  const parameters = join(directory, 'parameters.yaml');
  await writeFile(parameters, JSON.stringify(options.parameters));
  const args = [
    `--csi.endpoint=${options.nodeEndpoint}`,
    `--csi.controllerendpoint=${options.controllerEndpoint}`,
    `--csi.mountdir=${join(directory, 'mount')}`,
    `--csi.stagingdir=${join(directory, 'staging')}`,
    `--csi.testvolumeaccesstype=${options.accessType}`,
    `--csi.testvolumeparameters=${parameters}`,
    `--csi.testvolumesize=${options.volumeBytes}`,
    `--csi.testvolumeexpandsize=${options.expandedBytes}`,
    `--ginkgo.json-report=${report}`,
    '--ginkgo.no-color',
  ];
  const output = await runToEnd(options.program, args);
  return parseReport(await readReport(report, output));
}

/** Its exit code is 1 when a test fails, which the report says better. */
async function runToEnd(program: string, args: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(
    program,
    [...args],
    { timeout: RUNS_WITHIN_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES },
    (_error, stdout, stderr) => resolve(`${stdout}${stderr}`),
  );
  return await promise;
}

async function readReport(path: string, output: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`csi-sanity left no report. It printed:\n${output.slice(-4000)}`, { cause });
  }
}

/** The part of Ginkgo's JSON report that is read. */
const Report = z.array(
  z.object({
    SpecReports: z.array(
      z.object({
        ContainerHierarchyTexts: z.array(z.string()).nullish(),
        LeafNodeType: z.string(),
        LeafNodeText: z.string(),
        State: z.string(),
        Failure: z
          .object({
            Message: z.string().nullish(),
            Location: z.object({ FileName: z.string(), LineNumber: z.number() }).partial().nullish(),
          })
          .nullish(),
      }),
    ),
  }),
);
type Spec = z.infer<typeof Report>[number]['SpecReports'][number];

/** Tests, and set-up steps that failed: these are named, so that no failure is lost. */
function parseReport(text: string): readonly SanityTest[] {
  return Report.parse(JSON.parse(text))
    .flatMap((suite) => suite.SpecReports)
    .map((spec) => toTest(spec))
    .filter((test) => test !== undefined);
}

function toTest(spec: Spec): SanityTest | undefined {
  const outcome = toOutcome(spec.State);
  if (spec.LeafNodeType !== 'It' && outcome !== 'failed') return undefined;
  const texts = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText || spec.LeafNodeType].join(' ');
  const name = texts.replaceAll(/\s+/g, ' ').trim();
  if (isEqualAfterAll(name, spec)) {
    return { name: `${name} (compared without what protobuf caches)`, outcome: 'passed', reason: '' };
  }
  return { name, outcome, reason: toReason(spec) };
}

/** The last assertion of this test is one that no answer with a place can meet; see {@link isEqualAfterAll}. */
const SNAPSHOT_PLACE_TEST = /should succeed when creating a snapshot with accessibility requirements$/;

/**
 * The suite compares two Go messages together with what protobuf caches in them: the length of the one that it has sent is known, that of
 * the one that it has received is 0. Whether they are equal without that is what the test wants to know.
 */
function isEqualAfterAll(name: string, { State, Failure }: Spec): boolean {
  if (State !== 'failed' || !SNAPSHOT_PLACE_TEST.test(name)) return false;
  const match = /^Expected\n([^]*)\nto equal\n([^]*)$/.exec(Failure?.Message ?? '');
  const [actual, expected] = [match?.[1], match?.[2]].map((dump) =>
    dump?.replaceAll(/\| 0x[0-9a-f]+>/g, '>').replaceAll(/sizeCache: \d+/g, ''),
  );
  return actual !== undefined && actual === expected && actual.includes('csi.Topology');
}

function toReason({ State, Failure }: Spec): string {
  if (State === 'pending') return 'disabled in the suite itself';
  const location = Failure?.Location;
  const where =
    location?.FileName === undefined ? '' : ` (${basename(location.FileName)}:${location.LineNumber ?? 0})`;
  return `${Failure?.Message ?? ''}${where}`;
}

function toOutcome(state: string): SanityTest['outcome'] {
  if (state === 'passed') return 'passed';
  return state === 'skipped' || state === 'pending' ? 'skipped' : 'failed';
}

async function hasGo(): Promise<boolean> {
  try {
    await exec('go', ['version']);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
