import * as z from 'zod';
import { NFS_VERSIONS, type NfsVersion } from '../../config/nfs-options.ts';
import { ownerParameters } from '../file/owner-parameters.ts';

/** `4.2, 4.1`: at least one, each once. */
export const NfsVersionList = z
  .string()
  .meta({ form: 'versions with commas between them, of ' + NFS_VERSIONS.join(', ') })
  .transform((text, context): readonly NfsVersion[] => {
    const words = text.split(',').map((word) => word.trim());
    const versions = NFS_VERSIONS.filter((version) => words.includes(version));
    if (versions.length === words.length)
      return words.flatMap((word) => versions.find((known) => known === word) ?? []);
    context.addIssue({
      code: 'custom',
      message: `it must be versions with commas between them, each of ${NFS_VERSIONS.join(', ')} once at most`,
    });
    return z.NEVER;
  });

/** The parameters of a StorageClass of the NFS driver. */
export const NfsParameters = z.strictObject({
  pool: z
    .string()
    .min(1, 'it must name a pool')
    .optional()
    .meta({ description: 'The pool that volumes are made in. May be left out when there is only one.' }),
  quota: z.enum(['required', 'none']).default('required').meta({
    description:
      'Whether the size has to be enforced, which takes an agent on the server. none makes volumes without a limit.',
  }),
  onDelete: z.enum(['delete', 'retain', 'archive']).default('delete').meta({
    description:
      'What becomes of the data when a volume is deleted: delete removes it, retain moves it to retained/ of the export under its id, archive to archived/ under the name of its claim.',
  }),
  nfsVersions: NfsVersionList.optional().meta({
    description: 'Versions by which nodes may mount volumes, the best first. Default: `4.2`.',
  }),
  ...ownerParameters,
});
export type NfsParameters = z.infer<typeof NfsParameters>;
