import * as z from 'zod';
import { HostpathConfig, HostpathPool } from '../../src/backends/hostpath/config.ts';
import { HostpathParameters } from '../../src/backends/hostpath/parameters.ts';
import { NfsConfig, NfsPool } from '../../src/backends/nfs/config.ts';
import { NfsParameters } from '../../src/backends/nfs/parameters.ts';
import { StaticAgents } from '../../src/config/cluster-schema.ts';
import { AbsolutePath, baseConfigShape } from '../../src/config/schema.ts';

/**
 * The values of charts/stowage, from which its values.schema.json and the reference are made. What goes into the configuration file or
 * into parameters has the schema that the program reads it with. Defaults are in values.yaml alone.
 */
const say = (description: string) => ({ description });

const Text = z.string();
const Port = z.number().int().min(1).max(65_535);
const Count = z.number().int().positive();
/** As Go writes durations. */
const Duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/)
  .meta({ form: 'duration such as `30s`' });
const StringMap = z.record(Text, Text);
/** Kubernetes checks these itself. */
const Open = z.looseObject({});
const OpenList = z.array(Open);

const Image = z.strictObject({
  repository: Text.min(1).meta(say('Where it is pulled from.')),
  tag: Text.meta(say('Its tag.')),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).meta(say('When it is pulled.')),
});

const placement = {
  podLabels: StringMap.meta(say('Further labels of the pods.')),
  podAnnotations: StringMap.meta(say('Further annotations of the pods.')),
  nodeSelector: StringMap.meta(say('Labels that their nodes have to have.')),
  tolerations: OpenList.meta(say('Taints that they tolerate.')),
  affinity: Open.meta(say('Where else they are to be, or not to be.')),
  priorityClassName: Text.meta(say('Their priority.')),
  extraArgs: z.array(Text).meta(say('Further arguments of the program.')),
  extraEnv: OpenList.meta(say('Further environment variables of the program.')),
  resources: Open.meta(say('What the program asks for, and what it may use.')),
};

const Sidecar = z.strictObject({
  image: Image,
  extraArgs: z.array(Text).meta(say('Further arguments.')),
  resources: Open.meta(say('What it asks for, and what it may use.')),
});
const CallingSidecar = Sidecar.extend({
  httpPort: Port.meta(say('Of its metrics and its health, in the pod.')),
  timeout: Duration.meta(say('Of one call to the driver; what takes longer is asked for again.')),
  workers: Count.meta(say('How many calls it makes at once.')),
});

const classShape = {
  name: Text.min(1).meta(say('Its name.')),
  default: z.boolean().optional().meta(say('Whether claims that name no class get this one.')),
  reclaimPolicy: z
    .enum(['Delete', 'Retain'])
    .optional()
    .meta(say('What becomes of a volume whose claim is deleted. Default: Delete.')),
  allowVolumeExpansion: z.boolean().optional().meta(say('Whether claims can be raised. Default: true.')),
  volumeBindingMode: z
    .enum(['WaitForFirstConsumer', 'Immediate'])
    .optional()
    .meta(
      say(
        'When a volume is made: with the first pod, for hostpath on the node of that pod; or with the claim, for hostpath on any node. Default: WaitForFirstConsumer for hostpath, Immediate for nfs.',
      ),
    ),
  mountOptions: z.array(Text).optional().meta(say('Options of every mount of its volumes.')),
  annotations: StringMap.optional().meta(say('Its annotations.')),
};

const StorageClass = z.discriminatedUnion('driver', [
  z
    .strictObject({
      driver: z.literal('hostpath').optional(),
      ...classShape,
      fsType: z
        .enum(['', 'ext4', 'xfs', 'btrfs'])
        .optional()
        .meta(say('The file system of images. Left empty: ext4.')),
      parameters: HostpathParameters.optional().meta(say('As in the reference of StorageClass parameters.')),
    })
    .meta(say('The host-path driver makes its volumes. Default, when no driver is said.')),
  z
    .strictObject({
      driver: z.literal('nfs'),
      ...classShape,
      parameters: NfsParameters.optional().meta(say('As in the reference of StorageClass parameters.')),
    })
    .meta(say('The NFS driver makes its volumes.')),
]);

const SnapshotClass = z.strictObject({
  name: Text.meta(say('Name of the VolumeSnapshotClass. Left empty: none is made.')),
  default: z.boolean().meta(say('Whether snapshots that name no class get this one.')),
  deletionPolicy: z
    .enum(['Delete', 'Retain'])
    .meta(say('What becomes of a snapshot whose object is deleted.')),
  annotations: StringMap.meta(say('Its annotations.')),
});

/** See {@link say}. */
export const ChartValues = z.strictObject({
  image: Image.meta(say('The image of the driver.')),
  imagePullSecrets: z
    .array(z.strictObject({ name: Text.meta(say('Name of a Secret in the namespace of the release.')) }))
    .meta(say('Secrets with which images are pulled.')),
  nameOverride: Text.meta(say('Instead of the name of the chart.')),
  fullnameOverride: Text.meta(
    say('Instead of the name of the release and the chart, which names of objects begin with.'),
  ),
  labels: StringMap.meta(say('Further labels of all objects.')),
  // Helm adds it when the chart is a part of another one.
  global: Open.optional().meta(say('Not used.')),

  log: baseConfigShape.log,
  limits: baseConfigShape.limits,
  listenAddress: Text.min(1).meta(
    say(
      'The address on which pods listen for each other and for the kubelet: `[::]` where there is no IPv4.',
    ),
  ),
  kubeletDirectory: AbsolutePath.meta(say("The kubelet's directory on the nodes.")),
  stateDirectory: baseConfigShape.stateDirectory,
  tls: z
    .strictObject({
      controllerSecret: Text.meta(
        say(
          'A Secret with ca.crt, tls.crt and tls.key for controllers. Left empty, as by default: the controller makes all certificates itself.',
        ),
      ),
      agentSecret: Text.meta(say('The same for nodes. Set both or none.')),
    })
    .refine((tls) => (tls.controllerSecret === '') === (tls.agentSecret === ''), 'set both or none')
    .meta(say('Certificates for the way between controllers and nodes.')),

  drivers: z.strictObject({
    hostpath: z
      .strictObject({
        enabled: z.boolean().meta(say('Whether it runs.')),
        driverName: HostpathConfig.shape.driverName,
        pools: z.array(HostpathPool).min(1).meta(say('The pools of the nodes.')),
      })
      .meta(say('Volumes in directories and on disks of the nodes.')),
    nfs: z
      .strictObject({
        enabled: z.boolean().meta(say('Whether it runs.')),
        driverName: NfsConfig.shape.driverName,
        pools: z.array(NfsPool).meta(say('The exports, and other file systems that all nodes share.')),
        httpPorts: z
          .strictObject({
            provisioner: Port.meta(say('Of csi-provisioner.')),
            resizer: Port.meta(say('Of csi-resizer.')),
            snapshotter: Port.meta(say('Of csi-snapshotter.')),
          })
          .meta(
            say(
              'Where the sidecars of this driver, which are in one pod with those of the other one, have their metrics and their health.',
            ),
          ),
      })
      .meta(say('Volumes on NFS exports, and on other file systems that all nodes share.')),
  }),
  storageClasses: z.array(StorageClass).meta(say('The StorageClasses that are made.')),
  snapshots: z.strictObject({
    enabled: z
      .union([z.boolean(), z.literal('auto')])
      .meta(say('Whether there are snapshots. auto: when the cluster has their API.')),
    class: SnapshotClass.meta(say('The VolumeSnapshotClass of the host-path driver.')),
    nfsClass: SnapshotClass.meta(say('The VolumeSnapshotClass of the NFS driver.')),
  }),

  controller: z.strictObject({
    replicas: Count.meta(say('How many there are. One calls at a time; another takes over when it is gone.')),
    httpPort: Port.meta(say('Of its metrics and its health, in the pod.')),
    agents: StaticAgents.meta(
      say('Agents of NFS servers that are no nodes of the cluster, which run `stowage agent`.'),
    ),
    ...placement,
    topologySpreadConstraints: OpenList.meta(say('How they are spread.')),
    podDisruptionBudget: z.strictObject({
      enabled: z.boolean().meta(say('Whether there is one.')),
      maxUnavailable: z
        .union([z.number().int().nonnegative(), Text])
        .meta(say('How many may be down on purpose.')),
    }),
  }),
  node: z.strictObject({
    agentPort: Port.meta(
      say(
        'Where controllers reach the agent, on the address of the node. Firewalls between nodes have to let it through.',
      ),
    ),
    httpAddress: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[0-9.]+):\d{1,5}$/)
      .meta({ form: '`ADDRESS:PORT`', ...say('Of its metrics and its health.') }),
    dnsPolicy: z
      .enum(['', 'Default', 'ClusterFirst', 'ClusterFirstWithHostNet'])
      .meta(
        say(
          'Who resolves the names of NFS servers: Default is the resolver of the node, ClusterFirstWithHostNet that of the cluster, which knows Services. Left empty: the latter when the NFS driver runs, else the former.',
        ),
      ),
    ...placement,
    updateStrategy: Open.meta(say('How its pods are replaced.')),
  }),
  sidecars: z.strictObject({
    provisioner: CallingSidecar.extend({
      capacityPollInterval: Duration.meta(say('How often the room of pools is asked for.')),
    }).meta(say('csi-provisioner: makes and deletes volumes.')),
    resizer: CallingSidecar.meta(say('csi-resizer: grows volumes.')),
    snapshotter: CallingSidecar.meta(say('csi-snapshotter: makes and deletes snapshots.')),
    registrar: Sidecar.meta(say('csi-node-driver-registrar: tells the kubelet of the driver.')),
  }),
});
