import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { runHelm } from '../../scripts/chart/helm.ts';
import { CHART, renderText } from '../support/helm.ts';
import { makeScratchDirectory } from '../support/scratch.ts';
import { VARIANTS } from './variants.ts';

const INSTALL_PAGE = resolve(import.meta.dirname, '../../docs/how-to/install.md');
const Chart = z.object({ kubeVersion: z.string() });
const Notes = z.object({ notes: z.string() });

describe('the chart', () => {
  it.each(Object.entries(VARIANTS))(
    'has nothing that helm lint complains of: %s',
    async (_name, { values }) => {
      const args = ['lint', '--strict', CHART, '--values', '-'];

      expect(await runHelm(args, JSON.stringify(values ?? {}))).toContain('0 chart(s) failed');
    },
  );

  it.each(Object.entries(VARIANTS))('is rendered as before: %s', async (name, options) => {
    const text = await renderText(options);

    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'snapshots', `${name}.yaml`));
  });

  it('is for the versions of Kubernetes that its documentation names', async () => {
    const { kubeVersion } = Chart.parse(parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')));
    const page = await readFile(INSTALL_PAGE, 'utf8');

    const [, version] = /^>=(\d+\.\d+)\.0-0$/.exec(kubeVersion) ?? [];
    expect(page).toContain(`**Kubernetes ${version} or newer.**`);
  });

  it('says after the installation how to go on, and why there are no snapshots', async () => {
    const notes = await renderNotes();

    expect(notes).toContain('kubectl get pools');
    expect(notes).toContain('storageClassName: stowage');
    expect(notes).toContain('this cluster has no snapshot.storage.k8s.io/v1');
  });

  it('says that snapshots were asked for where there is no API for them', async () => {
    const notes = await renderNotes({ snapshots: { enabled: true } });

    expect(notes).toContain('csi-snapshotter starts again and again until its CRDs are installed');
  });

  it('has nothing to say of classes that are not made', async () => {
    const notes = await renderNotes({ storageClasses: [], snapshots: { enabled: false } });

    expect(notes).not.toContain('PersistentVolumeClaim');
    expect(notes).toContain('Snapshots are switched off');
  });
});

describe('what the chart says of exports', () => {
  it('is whose sizes are not enforced, and where the certificates of agents are', async () => {
    const notes = await renderNotes(VARIANTS['nfs']?.values);

    expect(notes).toContain('SIZES ARE NOT ENFORCED for volumes of: appliance (quota: none)');
    expect(notes).toContain('The pool nas needs the agent of nas, and that the certificates');
    expect(notes).toContain('get secret stowage-agent-tls');
    expect(notes).toContain('accessModes: [ReadWriteMany]');
  });

  it('is which node has to be there when its agent is not listed', async () => {
    const notes = await renderNotes(VARIANTS['both']?.values);

    expect(notes).toContain('needs the agent of ssd-1, which has to be a node of this cluster');
    expect(notes).toContain('VolumeSnapshotClass stowage.');
  });

  it('is nothing where there are none', async () => {
    expect(await renderNotes()).not.toMatch(/NOT ENFORCED|agent|export/);
  });
});

/** What helm prints after an installation, for which it wants a cluster: a copy of the chart has it in an object instead. */
async function renderNotes(values: object = {}): Promise<string> {
  await using scratch = await makeScratchDirectory();
  const chart = join(scratch.path, 'chart');
  await cp(CHART, chart, { recursive: true });
  await rename(join(chart, 'templates', 'NOTES.txt'), join(chart, 'notes.txt'));
  await writeFile(
    join(chart, 'templates', 'notes.yaml'),
    '{{ dict "notes" (tpl (.Files.Get "notes.txt") .) | toJson }}\n',
  );
  const args = ['template', 'stowage', chart, '--show-only', 'templates/notes.yaml', '--values', '-'];
  const text = await runHelm(args, JSON.stringify(values));
  return Notes.parse(parseAllDocuments(text)[0]?.toJS()).notes;
}
