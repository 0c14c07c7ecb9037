import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { PERMISSIONS } from '../../src/k8s/permissions.ts';
import { Config } from '../../src/main/config.ts';
import { type KubernetesObject, render, SNAPSHOT_API } from '../support/helm.ts';
import { VARIANTS } from './variants.ts';

const ConfigMap = z.object({ data: z.object({ 'stowage.yaml': z.string() }) });
const Role = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});
type Rule = z.infer<typeof Role>['rules'][number];

/** One right as one text: `ClusterRole persistentvolumes get`, or `Role secrets/NAME get`. */
function listRights(objects: readonly KubernetesObject[], suffix: string): ReadonlySet<string> {
  const roles = objects.filter(
    ({ kind, metadata }) => kind.endsWith('Role') && metadata.name.endsWith(suffix),
  );
  return new Set(
    roles
      .map((role) => Role.parse(role))
      .flatMap(({ kind, rules }) => rules.flatMap((rule) => toRights(kind, rule))),
  );
}

function toRights(
  kind: string,
  { apiGroups, resources, resourceNames = [''], verbs }: Rule,
): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      resourceNames.flatMap((name) =>
        verbs.map(
          (verb) => `${kind} ${[group, resource].filter(Boolean).join('/')}${name && `=${name}`} ${verb}`,
        ),
      ),
    ),
  );
}

function expand(kind: string, table: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(table).flatMap(([resource, verbs]) =>
    verbs.split(' ').map((verb) => `${kind} ${resource} ${verb}`),
  );
}

/**
 * What each sidecar asks of the API with the flags that the chart gives it: their own RBAC samples, less what those flags switch off, and less what their
 * sources never ask for. A leader is elected by get, create and update of a Lease; Events are created and patched.
 */
const PLAIN_PROVISIONER = [
  ...expand('ClusterRole', {
    persistentvolumes: 'get list watch create patch delete',
    persistentvolumeclaims: 'get list watch update',
    events: 'create patch',
    'storage.k8s.io/storageclasses': 'get list watch',
  }),
  ...expand('Role', { 'coordination.k8s.io/leases': 'get create update' }),
];
/** With a driver that has topology, and with --enable-capacity. */
const PROVISIONER = [
  ...PLAIN_PROVISIONER,
  ...expand('ClusterRole', { nodes: 'get list watch', 'storage.k8s.io/csinodes': 'get list watch' }),
  ...expand('Role', {
    'storage.k8s.io/csistoragecapacities': 'list watch create update delete',
    pods: 'get',
  }),
];
const PROVISIONER_WITH_SNAPSHOTS = expand('ClusterRole', {
  'snapshot.storage.k8s.io/volumesnapshots': 'get list watch update',
  'snapshot.storage.k8s.io/volumesnapshotcontents': 'get list',
});
const RESIZER = [
  ...expand('ClusterRole', {
    persistentvolumes: 'get list watch patch',
    persistentvolumeclaims: 'get list watch',
    'persistentvolumeclaims/status': 'patch',
    events: 'create patch',
  }),
  ...expand('Role', { 'coordination.k8s.io/leases': 'get create update' }),
];
const SNAPSHOTTER = [
  ...expand('ClusterRole', {
    events: 'create patch',
    'snapshot.storage.k8s.io/volumesnapshotclasses': 'get list watch',
    'snapshot.storage.k8s.io/volumesnapshotcontents': 'get list watch update patch',
    'snapshot.storage.k8s.io/volumesnapshotcontents/status': 'update patch',
  }),
  ...expand('Role', { 'coordination.k8s.io/leases': 'get create update' }),
];

describe('rights of the sidecars', () => {
  it('are those that they use, no more and no fewer', async () => {
    const rights = listRights(await render(), '-sidecars');

    expect([...rights].sort()).toEqual([...new Set([...PROVISIONER, ...RESIZER])].sort());
  });

  it('reach snapshots only where there are snapshots', async () => {
    const rights = listRights(await render({ apiVersions: [SNAPSHOT_API] }), '-sidecars');

    const used = [...PROVISIONER, ...RESIZER, ...PROVISIONER_WITH_SNAPSHOTS, ...SNAPSHOTTER];
    expect([...rights].sort()).toEqual([...new Set(used)].sort());
  });
});

describe('rights of the sidecars of exports', () => {
  it('reach no nodes: their provisioner asks for those only where there is topology', async () => {
    const rights = listRights(await render({ ...VARIANTS['nfs'], apiVersions: [] }), '-sidecars');

    expect([...rights].sort()).toEqual([...new Set([...PLAIN_PROVISIONER, ...RESIZER])].sort());
  });
});

/** The permissions of the controller's own code as the Roles have them, with the names that the configuration gives. */
function listOwnPermissions(config: Config): readonly string[] {
  const names: Readonly<Record<string, string | undefined>> = {
    'tls.kubernetes.caSecret': config.tls?.kubernetes?.caSecret,
    'tls.kubernetes.agentSecret': config.tls?.kubernetes?.agentSecret,
    'controller.lease.name': config.controller?.lease?.name,
    'kube-system': 'kube-system',
  };
  return PERMISSIONS.filter(
    ({ section }) => section !== 'tls.kubernetes' || config.tls?.kubernetes !== undefined,
  ).flatMap(({ kind, verbs, scope, names: keys }) =>
    toRights(scope === 'cluster' ? 'ClusterRole' : 'Role', {
      apiGroups: [kind.group],
      resources: [kind.plural],
      resourceNames: keys?.map((key) => names[key] ?? 'missing'),
      verbs: [...verbs],
    }),
  );
}

describe.each(Object.entries(VARIANTS))(
  'rights of the controller itself in the variant %s',
  (_name, options) => {
    it('are those that its code has listed', async () => {
      const objects = await render(options);
      const text = ConfigMap.parse(objects.find(({ kind }) => kind === 'ConfigMap')).data['stowage.yaml'];

      const rights = listRights(objects, '-controller');

      expect([...rights].sort()).toEqual([...listOwnPermissions(Config.parse(parse(text)))].sort());
    });
  },
);

describe('rights in general', () => {
  it('belong to the controller alone', async () => {
    const subjects = (await render())
      .filter(({ kind }) => kind.endsWith('RoleBinding'))
      .flatMap(
        (binding) =>
          z.looseObject({ subjects: z.array(z.object({ name: z.string() }).loose()) }).parse(binding)
            .subjects,
      );

    expect(new Set(subjects.map(({ name }) => name))).toEqual(new Set(['stowage-controller']));
  });

  it('have no wildcard, and no Secrets but those of the driver', async () => {
    const rights = [...listRights(await render({ apiVersions: [SNAPSHOT_API] }), '')];

    expect(rights.filter((right) => right.includes('*'))).toEqual([]);
    expect(rights.filter((right) => /secrets[^=]* /.test(right) && !right.includes('='))).toEqual([
      'Role secrets create',
    ]);
  });

  it('leave Secrets alone when certificates are given', async () => {
    const tls = { controllerSecret: 'a', agentSecret: 'b' };

    const rights = [...listRights(await render({ values: { tls } }), '')];

    expect(rights.filter((right) => right.includes('secrets'))).toEqual([]);
  });
});
