import * as z from 'zod';
import { ownerParameters } from '../file/owner-parameters.ts';

/** The parameters of a StorageClass of the host-path driver. */
export const HostpathParameters = z.strictObject({
  pool: z
    .string()
    .min(1, 'it must name a pool')
    .optional()
    .meta({ description: 'The pool that volumes are made in. May be left out when there is only one.' }),
  layout: z.enum(['auto', 'directory', 'image']).default('auto').meta({
    description:
      'How a volume is kept: a directory with a quota, or an image file with a file system of its own. auto takes a directory where a quota binds everybody, else an image.',
  }),
  quota: z
    .enum(['required', 'none'])
    .default('required')
    .meta({ description: 'Whether the size has to be enforced. none makes directories without a limit.' }),
  isolation: z
    .enum(['standard', 'strict'])
    .default('standard')
    .meta({ description: 'strict keeps tenants apart by an image with a file system of its own.' }),
  preallocate: z
    .stringbool({ truthy: ['true'], falsy: ['false'], error: 'it must be "true" or "false"' })
    .default(false)
    .meta({ description: 'Reserve the blocks of an image when it is made.' }),
  ...ownerParameters,
});
export type HostpathParameters = z.infer<typeof HostpathParameters>;
