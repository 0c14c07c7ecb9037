import * as z from 'zod';

const Id = z
  .string()
  .regex(/^\d{1,10}$/, 'it must be a decimal number')
  .meta({ form: 'whole number from 0 to 4294967294' })
  .transform(Number)
  .refine((id) => id <= 4_294_967_294, 'it must be at most 4294967294');

const Mode = z
  .string()
  .regex(/^0?[0-7]{3,4}$/, 'it must be octal, for instance "0770"')
  .meta({ form: 'octal, for instance `"0770"`' })
  .transform((text) => Number.parseInt(text, 8));

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
  uid: Id.optional().meta({
    description:
      'Owner of the root directory of a new volume. Default: 0; a clone or restored volume keeps what it had.',
  }),
  gid: Id.optional().meta({
    description:
      'Group of the root directory of a new volume. Default: 0; a clone or restored volume keeps what it had.',
  }),
  mode: Mode.optional().meta({
    description:
      'Permission bits of the root directory of a new volume. Default: 0750; a clone or restored volume keeps what it had.',
  }),
});
export type HostpathParameters = z.infer<typeof HostpathParameters>;
