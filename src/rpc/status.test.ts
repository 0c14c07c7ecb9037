import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { DriverError, ERROR_CODES } from '../domain/errors.ts';
import { isUnexpected, toStatus } from './status.ts';

describe('toStatus', () => {
  it.each(ERROR_CODES)('%s has a status and keeps its sentence', (code) => {
    const answer = toStatus(new DriverError(code, 'A sentence.'));

    expect(answer.message).toBe('A sentence.');
    expect(answer.code).toBe(status[answer.name]);
    expect(answer.name).not.toBe('OK');
  });

  it.each([
    ['INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['VOLUME_NOT_FOUND', 'NOT_FOUND'],
    ['VOLUME_INCOMPATIBLE', 'ALREADY_EXISTS'],
    ['NO_ROOM', 'RESOURCE_EXHAUSTED'],
    ['SIZE_OUT_OF_RANGE', 'OUT_OF_RANGE'],
    ['VOLUME_IN_USE', 'FAILED_PRECONDITION'],
    ['OPERATION_PENDING', 'ABORTED'],
    ['TOKEN_UNKNOWN', 'ABORTED'],
    ['POOL_UNAVAILABLE', 'UNAVAILABLE'],
    ['UNSUPPORTED', 'UNIMPLEMENTED'],
  ] as const)('%s is %s, as CSI has it', (code, name) => {
    expect(toStatus(new DriverError(code, 'x')).name).toBe(name);
  });

  it.each([
    ['a timeout', AbortSignal.abort(new DOMException('late', 'TimeoutError')).reason, 'DEADLINE_EXCEEDED'],
    ['an abort', AbortSignal.abort().reason, 'CANCELLED'],
    ['an abort of a child process', Object.assign(new Error('x'), { name: 'AbortError' }), 'CANCELLED'],
    ['a plain error', new Error('open /secret/path: EIO'), 'INTERNAL'],
    ['a string', 'secret', 'INTERNAL'],
    ['undefined', undefined, 'INTERNAL'],
    ['null', null, 'INTERNAL'],
    ['a foreign error with a code', Object.assign(new Error('secret'), { code: 5 }), 'INTERNAL'],
  ])('%s is answered with a text of ours', (_what, error: unknown, name) => {
    const answer = toStatus(error);

    expect(answer.name).toBe(name);
    expect(answer.message).toMatch(/^The .+\.$/);
    expect(answer.message).not.toContain('secret');
    expect(isUnexpected(error)).toBe(name === 'INTERNAL');
  });

  it.each(['', '   ', '\n'])('never has an empty message (%j)', (message) => {
    expect(toStatus(new DriverError('NO_ROOM', message)).message).not.toBe('');
  });

  it('can always be encoded, even a text that was cut within a character', () => {
    const { message } = toStatus(new DriverError('NO_ROOM', 'No room for \ud83d.'));

    expect(() => encodeURI(message)).not.toThrow();
  });

  it('makes one line of what a program printed', () => {
    const { message } = toStatus(new DriverError('NO_ROOM', 'It said: no\n\n\u001b[31mroom.'));

    expect(message).toBe('It said: no [31mroom.');
  });

  it('bounds a message, and cuts it where it can still be encoded', () => {
    const { message } = toStatus(new DriverError('NO_ROOM', `${'x'.repeat(998)}😀${'x'.repeat(10_000)}`));

    expect(message).toHaveLength(1000);
    expect(() => encodeURI(message)).not.toThrow();
  });
});
