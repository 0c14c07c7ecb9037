import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { tryRun } from './command.ts';
import { MACHINE_NODE } from './nodes.ts';

const FOLDER = resolve(import.meta.dirname, '../external-storage');
const RUN = resolve(import.meta.dirname, '../kubernetes/run');
const CACHE = process.env['STOWAGE_CLUSTER_CACHE'] ?? '/var/cache/stowage-cluster';
const RUNNING = process.env['STOWAGE_CLUSTER_RUN'] ?? '/var/tmp/stowage-cluster';
/** Most of the time specs wait, so ten at once are right for two processors. */
const PROCESSES = 10;
const SEED = 5;

/** The driver definitions: external-storage/NAME.yaml. */
export const DEFINITIONS = ['directories', 'images'] as const;
export type Definition = (typeof DEFINITIONS)[number];

const Selection = z.strictObject({
  smoke: z.array(z.string()),
  leftOut: z.array(
    z.strictObject({ pattern: z.string(), definition: z.enum(DEFINITIONS).optional(), reason: z.string() }),
  ),
  skipped: z.array(z.strictObject({ message: z.string(), reason: z.string() })),
});
/** external-storage/selection.yaml. */
export type Selection = z.infer<typeof Selection>;

const Report = z.array(
  z.object({
    SpecReports: z
      .array(
        z.object({
          LeafNodeType: z.string(),
          LeafNodeText: z.string(),
          ContainerHierarchyTexts: z.array(z.string()).nullable(),
          State: z.string(),
          Failure: z.object({ Message: z.string() }).optional(),
        }),
      )
      .nullable(),
  }),
);

/** One spec that was selected. */
export interface Spec {
  readonly name: string;
  /** The suite that it belongs to, `provisioning` for instance; `set-up` for what is no spec and failed. */
  readonly suite: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or skipped itself. */
  readonly message: string;
}

/** Which specs to run. */
export interface SpecSelection {
  readonly focus: string;
  readonly skip: string;
  readonly processes?: number;
  readonly deadlineMinutes: number;
}

/** Reads the selection. Throws when it has a key that is not known. */
export async function readSelection(): Promise<Selection> {
  return Selection.parse(parse(await readFile(join(FOLDER, 'selection.yaml'), 'utf8')));
}

/** The short set of a definition. */
export function selectSmoke(selection: Selection, definition: Definition): SpecSelection {
  return {
    focus: selection.smoke.join('|'),
    skip: toSkip(selection, definition),
    deadlineMinutes: 10,
  };
}

/** Everything but what is left out, in two parts: what may run beside each other, and what may not. */
export function selectAll(selection: Selection, definition: Definition): readonly SpecSelection[] {
  const skip = toSkip(selection, definition);
  return [
    { focus: 'External.Storage', skip: `${skip}|\\[Serial\\]`, deadlineMinutes: 60 },
    { focus: '\\[Serial\\]', skip, processes: 1, deadlineMinutes: 60 },
  ];
}

function toSkip(selection: Selection, definition: Definition): string {
  return selection.leftOut
    .filter((entry) => entry.definition === undefined || entry.definition === definition)
    .map((entry) => entry.pattern)
    .join('|');
}

/** Runs specs against the installed driver, in a fixed order and without second attempts. Throws when there is no report. */
export async function runSpecs(definition: Definition, selection: SpecSelection): Promise<readonly Spec[]> {
  const processes = selection.processes ?? PROCESSES;
  const directory = join(RUNNING, 'reports', `${definition}-${processes}`);
  await mkdir(directory, { recursive: true });
  const deadlineMs = selection.deadlineMinutes * 60_000;
  const { exitCode, stdout, stderr } = await tryRun(
    [
      RUN,
      MACHINE_NODE,
      'ginkgo',
      '--no-color',
      '--silence-skips',
      `--procs=${processes}`,
      `--seed=${SEED}`,
      `--focus=${selection.focus}`,
      `--skip=${selection.skip}`,
      `--timeout=${selection.deadlineMinutes}m`,
      `--output-dir=${directory}`,
      '--json-report=report.json',
      `${CACHE}/bin/external-storage.test`,
      '--',
      `--storage.testdriver=${join(FOLDER, `${definition}.yaml`)}`,
      '--provider=local',
      `--kubeconfig=${RUNNING}/pki/admin.conf`,
      `--kubectl-path=${CACHE}/bin/kubectl`,
      '--allowed-not-ready-nodes=-1',
      `--repo-root=${FOLDER}`,
    ],
    { deadlineMs: deadlineMs + 60_000, cwd: directory },
  );
  try {
    const specs = toSpecs(await readFile(join(directory, 'report.json'), 'utf8'));
    if (exitCode === 0 || specs.some((spec) => spec.outcome === 'failed')) return specs;
  } catch (error) {
    throw new Error(`The suite left no report:\n${stdout.slice(-8192)}${stderr}`, { cause: error });
  }
  throw new Error(`The suite ended with ${exitCode} though no spec failed:\n${stdout.slice(-8192)}${stderr}`);
}

function toSpecs(report: string): readonly Spec[] {
  const nodes = Report.parse(JSON.parse(report)).flatMap((suite) => suite.SpecReports ?? []);
  return nodes.flatMap((node) => {
    const name = [...(node.ContainerHierarchyTexts ?? []), node.LeafNodeText].join(' ');
    const message = node.Failure?.Message ?? '';
    if (node.LeafNodeType !== 'It') {
      // What sets up and cleans is of interest only when it failed.
      return isGood(node.State)
        ? []
        : [{ name: name || node.LeafNodeType, suite: 'set-up', outcome: 'failed', message } as const];
    }
    // Without a message it is not the spec that skipped itself: it was not selected.
    if (node.State === 'skipped' && message === '') return [];
    return [{ name, suite: toSuite(name), outcome: toOutcome(node.State), message }];
  });
}

function isGood(state: string): boolean {
  return state === 'passed' || state === 'skipped';
}

function toOutcome(state: string): Spec['outcome'] {
  return state === 'passed' || state === 'skipped' ? state : 'failed';
}

/** The word after the pattern: "External Storage [Driver: d] [Testpattern: Dynamic PV (xfs)] [Slow] volumes should…". */
function toSuite(name: string): string {
  return /\[Testpattern: [^\]]*\](?: \[[^\]]*\])* (\S+)/.exec(name)?.[1] ?? name;
}

/** Why a spec that skipped itself may, or undefined when nobody has written down a reason. */
export function findReason(selection: Selection, spec: Spec): string | undefined {
  return selection.skipped.find((entry) => new RegExp(entry.message).test(spec.message))?.reason;
}
