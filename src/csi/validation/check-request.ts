import { DriverError } from '../../domain/errors.ts';
import type { Form } from './forms.ts';

/** A rule after its types were checked (rules.ts). */
export interface UntypedFieldRule {
  readonly field: string;
  readonly form: Form<never>;
  readonly need?: 'required' | 'precondition';
}

/**
 * Checks a request against the rules of its method: first that what is required is there, in the order of the rules, then that
 * what is there has the right form. Throws INVALID_ARGUMENT, or what a rule says instead.
 */
export function checkRequest(rules: readonly UntypedFieldRule[], request: object): undefined {
  const fields = request as Readonly<Record<string, unknown>>;
  for (const rule of rules) {
    if (rule.need === 'required' && isUnset(fields[rule.field]))
      throw new DriverError('INVALID_ARGUMENT', `${toProtoName(rule.field)} is required, and it is not set.`);
  }
  for (const { field, form, need } of rules) {
    const value = fields[field];
    if (!isUnset(value)) form(value as never, toProtoName(field));
    else if (need === 'precondition')
      throw new DriverError(
        'PRECONDITION_FAILED',
        `${toProtoName(field)} is not set. Call NodeStageVolume first, and pass the path that it was given.`,
      );
  }
}

/** Whether a field of a decoded message counts as not set: proto3 cannot tell an empty text, list or map from an absent one. */
function isUnset(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function toProtoName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
