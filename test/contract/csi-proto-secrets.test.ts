import { describe, expect, it } from 'vitest';
import { redact, SECRET_FIELD_NAMES } from '../../src/observability/redact.ts';
import { listSecretFields, readCsiProto } from '../support/proto-shape.ts';

/** As decoded messages have it: volume_id is volumeId. */
function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

describe('the redactor', () => {
  const fields = listSecretFields(readCsiProto());

  it('finds the secrets of CSI at all', () => {
    expect(fields).toContain('csi.v1.CreateVolumeRequest.secrets');
    expect(fields.length).toBeGreaterThanOrEqual(19);
  });

  it.each(fields)('drops %s', (field) => {
    const name = toCamelCase(field.split('.').at(-1) ?? '');

    expect(SECRET_FIELD_NAMES).toContain(name);
    expect(redact({ kept: 'yes', [name]: { password: 'hunter2' } })).toEqual({ kept: 'yes' });
  });
});
