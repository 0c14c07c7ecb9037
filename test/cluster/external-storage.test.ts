import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeConformance } from './support/conformance.ts';
import {
  DEFINITIONS,
  type Definition,
  findReason,
  readSelection,
  runSpecs,
  type Selection,
  selectAll,
  selectSmoke,
  type Spec,
} from './support/external-storage.ts';
import { kubectl } from './support/kubectl.ts';
import { UML_NODE } from './support/nodes.ts';
import { listDriverPods, waitForDriver } from './support/release.ts';
import { isLeftOut } from './support/time-limit.ts';

/** All specs instead of the short set: `make test-cluster-full`. */
const IS_FULL = process.env['STOWAGE_CLUSTER_FULL'] === '1';
/** How many specs of each suite have to pass at the least. A definition that turns one off by mistake is noticed. */
const LEAST: Readonly<Record<string, { readonly smoke: number; readonly full: number }>> = {
  capacity: { smoke: 1, full: 1 },
  ephemeral: { smoke: 1, full: 9 },
  fsgroupchangepolicy: { smoke: 1, full: 7 },
  multiVolume: { smoke: 0, full: 10 },
  provisioning: { smoke: 3, full: 11 },
  'read-write-once-pod': { smoke: 1, full: 2 },
  snapshottable: { smoke: 1, full: 4 },
  'snapshottable-stress': { smoke: 0, full: 2 },
  subPath: { smoke: 2, full: 16 },
  topology: { smoke: 1, full: 4 },
  'volume-expand': { smoke: 2, full: 8 },
  'volume-stress': { smoke: 0, full: 2 },
  volumeIO: { smoke: 0, full: 1 },
  volumeMode: { smoke: 1, full: 4 },
  volumes: { smoke: 3, full: 3 },
};

const ran = new Map<Definition, readonly Spec[]>();

describe.skipIf(isLeftOut())("Kubernetes' external-storage suite", () => {
  beforeAll(async () => {
    await waitForDriver();
    // A User-mode Linux is slow; the suite is given two nodes of the machine's kernel.
    await kubectl(['cordon', UML_NODE]);
  });
  afterAll(async () => {
    await kubectl(['uncordon', UML_NODE]);
  });

  describe.for(DEFINITIONS)('with %s', (definition) => {
    let selection: Selection;
    let specs: readonly Spec[] = [];
    let restartsBefore = 0;

    beforeAll(
      async () => {
        restartsBefore = await countRestarts();
        selection = await readSelection();
        const parts = IS_FULL ? selectAll(selection, definition) : [selectSmoke(selection, definition)];
        for (const part of parts) specs = [...specs, ...(await runSpecs(definition, part))];
        ran.set(definition, specs);
      },
      3 * 60 * 60_000,
    );

    test.for(Object.entries(LEAST))('%s: its specs pass', ([suite, least]) => {
      const ofSuite = specs.filter((spec) => spec.suite === suite);

      expect(ofSuite.filter((spec) => spec.outcome === 'failed')).toEqual([]);
      const passed = ofSuite.filter((spec) => spec.outcome === 'passed').length;
      expect(passed).toBeGreaterThanOrEqual(IS_FULL ? least.full : least.smoke);
    });

    test('no spec of another suite fails', () => {
      const others = specs.filter((spec) => !(spec.suite in LEAST));

      expect(others.filter((spec) => spec.outcome === 'failed')).toEqual([]);
    });

    test('what skips itself has a reason that is known', () => {
      const skipped = specs.filter((spec) => spec.outcome === 'skipped');

      expect(skipped.filter((spec) => findReason(selection, spec) === undefined)).toEqual([]);
    });

    test('no container of the driver restarts meanwhile', async () => {
      expect(await countRestarts()).toBe(restartsBefore);
    });
  });

  test.runIf(IS_FULL)('its results are written down', async () => {
    await writeConformance(await readSelection(), ran);

    expect([...ran.keys()]).toEqual([...DEFINITIONS]);
  });
});

async function countRestarts(): Promise<number> {
  const pods = await listDriverPods();
  return pods.reduce((sum, pod) => sum + pod.restarts, 0);
}
