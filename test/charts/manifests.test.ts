import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderManifests } from '../../scripts/chart/manifests.ts';
import { compareTrees } from '../../scripts/generate/tree.ts';
import { parseObjects } from '../support/helm.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');

const names = (await readdir(DEPLOY)).filter((name) => name.endsWith('.yaml')).sort();

describe('the manifests in deploy/', () => {
  it('are those that the chart makes (make manifests writes them)', async () => {
    const tree = await renderManifests(ROOT);

    expect(await compareTrees(ROOT, tree)).toEqual([]);
    expect(names).toEqual([...tree.files.keys()].map((path) => basename(path)).sort());
  });

  it.each(names)('can be applied from top to bottom: %s', async (name) => {
    const objects = parseObjects(await readFile(join(DEPLOY, name), 'utf8'));
    const kinds = objects.map(({ kind }) => kind);

    expect(kinds[0]).toBe('Namespace');
    expect(kinds.lastIndexOf('CustomResourceDefinition')).toBeLessThan(kinds.indexOf('StatefulSet'));
    expect(kinds.includes('VolumeSnapshotClass')).toBe(name.includes('snapshots'));
    expect(JSON.stringify(objects)).not.toMatch(/helm/i);
  });
});

describe('the custom resources', () => {
  it('are where helm neither changes nor removes them: what they hold cannot be made again', async () => {
    expect(await readdir(join(ROOT, 'charts/stowage/crds'))).toContain('pools.stowage.dev.yaml');
    const templates = await readdir(join(ROOT, 'charts/stowage/templates'));
    const texts = await Promise.all(
      templates.map((file) => readFile(join(ROOT, 'charts/stowage/templates', file), 'utf8')),
    );
    expect(texts.join()).not.toContain('CustomResourceDefinition');
  });
});
