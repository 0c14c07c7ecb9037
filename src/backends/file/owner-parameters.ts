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

/** Whose the root directory of a new volume is: parameters of a StorageClass. */
export const ownerParameters = {
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
} as const;
