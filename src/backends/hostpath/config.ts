import * as z from 'zod';
import {
  DriverName,
  ENDPOINTS_MESSAGE,
  hasEndpoints,
  LowWaterPercent,
  Overcommit,
  PoolName,
} from '../../config/driver-schema.ts';
import { Quantity } from '../../config/quantity.ts';
import { AbsolutePath, endpointShape } from '../../config/schema.ts';
import { findPoolConflicts } from './pool-conflicts.ts';

/** The name of a node, or a pattern in which * is any text and ? any character. */
const NodePattern = z
  .string()
  .regex(/^[A-Za-z0-9*?][A-Za-z0-9.*?-]*$/, 'must be the name of a node, in which * and ? stand for anything')
  .max(63)
  .meta({ form: 'name of a node, `*` and `?` for anything' });

/** What a pool's directory stands on. */
const Backing = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('none'),
      mountPoint: AbsolutePath.optional().meta({
        description:
          'Where a whole file system has to be mounted: the pool path or a directory above it. Until it is, the pool waits, and nothing is made. Default: what is there is taken.',
      }),
    })
    .meta({ description: 'The directory as it is.' }),
  z
    .strictObject({
      type: z.literal('file'),
      path: AbsolutePath.meta({
        description:
          'The file that holds the pool. Made when it is missing and the registry does not know the pool.',
      }),
      size: Quantity.meta({
        description: 'Its size. Raising it grows the pool while it is in use; lowering it is refused.',
      }),
      sparse: z.boolean().default(false).meta({
        description: 'Do not preallocate. A host disk that fills up then becomes I/O errors in every volume.',
      }),
    })
    .meta({ description: 'A file with an xfs of its own, mounted at the pool path.' }),
  z
    .strictObject({
      type: z.literal('device'),
      device: AbsolutePath.meta({
        description: 'A disk or partition that nothing else uses; formatted with xfs only when it is blank.',
      }),
    })
    .meta({ description: 'A disk with an xfs of its own, mounted at the pool path.' }),
]);
export type Backing = z.infer<typeof Backing>;

/** One pool of some nodes. */
export const HostpathPool = z.strictObject({
  name: PoolName,
  path: AbsolutePath.meta({ description: 'The directory of the pool, the same on each of its nodes.' }),
  nodes: z.array(NodePattern).min(1).optional().meta({
    description:
      'The nodes that have this pool: names, or patterns such as `ssd-*`. A name may have several entries for different nodes. Default: every node.',
  }),
  backing: Backing.default({ type: 'none' }).meta({
    description: 'What the directory stands on: the file system that is there, or an xfs of its own.',
  }),
  overcommit: Overcommit,
  lowWaterPercent: LowWaterPercent,
  onNodeLoss: z.enum(['keep', 'release']).default('keep').meta({
    description:
      'What happens when a node stays away: keep waits for it without end; release lets its volumes be deleted, and new ones be made elsewhere, after releaseAfterSeconds. `stowage nodes forget` does it at once.',
  }),
  releaseAfterSeconds: z
    .number()
    .int()
    .min(60)
    .default(86_400)
    .meta({ description: 'How long a node may stay away with onNodeLoss: release.' }),
});
export type HostpathPool = z.infer<typeof HostpathPool>;

/** Section `drivers.hostpath` of the configuration file. */
export const HostpathConfig = z
  .strictObject({
    driverName: DriverName.default('hostpath.stowage.dev'),
    ...endpointShape,
    pools: z
      .array(HostpathPool)
      .superRefine((pools, context) => {
        for (const { path, message } of findPoolConflicts(pools)) {
          context.addIssue({ code: 'custom', path: [...path], message });
        }
      })
      .default([])
      .meta({
        description:
          'The pools of the nodes; controllers need none. On one node names, paths, files and disks are unique, and neither a path nor a file lies in the path of a pool.',
      }),
  })
  .refine(hasEndpoints, ENDPOINTS_MESSAGE);
export type HostpathConfig = z.infer<typeof HostpathConfig>;
