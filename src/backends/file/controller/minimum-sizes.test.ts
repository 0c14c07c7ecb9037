import { expect, test } from 'vitest';
import { unusable } from '../../../../test/support/unusable.ts';
import { FS_TYPES } from '../../../domain/access.ts';
import { createFilesystems } from '../../../host/filesystems/index.ts';
import { MINIMUM_IMAGE_BYTES } from './minimum-sizes.ts';

test.each(FS_TYPES)('the least size of %s is the one that the host states', (type) => {
  const filesystem = createFilesystems({
    commands: unusable('commands'),
    syscalls: unusable('syscalls'),
  }).getFilesystem(type);

  expect(MINIMUM_IMAGE_BYTES[type]).toBe(filesystem.minimumBytes);
});
