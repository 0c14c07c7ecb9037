import { untilSaid } from '../../test/support/nfs/volumes.ts';
import { CLAIMS, type NfsBenchScene } from '../nfs/scene.ts';
import { sample } from '../samples.ts';
import { formatSamples, type Row } from '../table.ts';

const PROBES = 1000;
const BUDGET_MS = 50;

/** Probe of a node and of the controller while the server is frozen, and a call for its pool waits for it. */
export async function measureNfsFrozen(scene: NfsBenchScene): Promise<readonly Row[]> {
  const { kubelet, server, node, cluster } = scene;
  const mounted = await kubelet.stage(await kubelet.create(CLAIMS.served));
  await kubelet.publish(mounted);
  const usual = await sample(PROBES, () => node.program.identity.Probe({}));
  await server.freeze();
  const { volumeId, targetPath } = mounted;
  const waiting = node.node.NodeGetVolumeStats({ volumeId, volumePath: targetPath }).catch(() => undefined);
  const rows: Row[] = [];
  for (const [name, program] of [
    ['node', node.program],
    ['controller', cluster.controllerProgram],
  ] as const) {
    const ours = await sample(PROBES, () => program.identity.Probe({}));
    rows.push({
      what: `Probe of a ${name} while its NFS server is frozen, p99`,
      ours: formatSamples(ours),
      usual: `${formatSamples(usual)} (node, while it runs)`,
      ratio: '',
      budget: `≤ ${BUDGET_MS} ms`,
      isMet: ours.p99Ms <= BUDGET_MS,
    });
  }
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
  await server.thaw();
  await waiting;
  // Until it is heard again, the agent's pools are unavailable.
  await untilSaid(() => cluster.controller.DeleteVolume({ volumeId }));
  return rows;
}
