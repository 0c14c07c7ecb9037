import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BadInputFixture, type BadInputTarget, createBadInputFixture } from './csi-bad-input-fixture.ts';
import { getExpected, makeTexts, TEXT_KINDS, type TextKind } from './csi-bad-texts.ts';
import { type CsiClients, type Outcome, toOutcome } from './csi-clients.ts';
import { listStringFields, type StringField, withText } from './csi-string-fields.ts';

/** A target that is taken down when the tests are over, and that can tell whether it was harmed. */
export interface DisposableTarget extends BadInputTarget, AsyncDisposable {
  /** Throws when something outside of the pool has changed. The file at `outsidePath` is looked at anyway. */
  readonly verifyUntouched?: () => Promise<void>;
}

/** Longest test of one method against a real server. */
const TIMEOUT_MS = 120_000;

/**
 * The suite of bad input: sends every kind of bad text in the place of every string of every request, one at a time in an
 * otherwise valid request, and expects the right status with a sentence, or success where the text is harmless. A real
 * volume, mounted beside all this, must not notice.
 */
export function describeBadInput(name: string, makeTarget: () => Promise<DisposableTarget>): void {
  const fields = Map.groupBy(listStringFields(), ({ method }) => method);

  describe(`bad input to ${name}`, () => {
    let target: DisposableTarget;
    let fixture: BadInputFixture;
    let outside: string;

    beforeAll(async () => {
      target = await makeTarget();
      outside = await readFile(target.outsidePath, 'utf8');
      fixture = await createBadInputFixture(target);
    }, TIMEOUT_MS);
    afterAll(async () => {
      try {
        await fixture?.dispose();
      } finally {
        await target?.[Symbol.asyncDispose]();
      }
    }, TIMEOUT_MS);

    it.each([...fields])(
      '%s answers each with the right status and a sentence',
      async (_method, its) => {
        const texts = makeTexts({ ...fixture, outsidePath: target.outsidePath });
        const faults: string[] = [];

        for (const field of its) {
          for (const kind of TEXT_KINDS) {
            for (const text of texts[kind])
              faults.push(...(await findFaults({ clients: target.clients, fixture }, field, kind, text)));
          }
        }

        expect(faults).toEqual([]);
        await fixture.verify();
        expect(await readFile(target.outsidePath, 'utf8')).toBe(outside);
        await target.verifyUntouched?.();
      },
      TIMEOUT_MS,
    );
  });
}

interface Bench {
  readonly clients: CsiClients;
  readonly fixture: BadInputFixture;
}

async function findFaults(
  { clients, fixture }: Bench,
  field: StringField,
  kind: TextKind,
  text: string,
): Promise<readonly string[]> {
  const { request, undo } = await fixture.prepare(field.method);
  const sent = { ...withText(request, field.steps, text) };
  const outcome = await toOutcome(call(clients, field.method, sent));
  if (outcome.status === 'OK') await undo(sent, outcome);
  const subject = `${field.method} ${field.label} ${kind} ${JSON.stringify(text.slice(0, 40))}`;
  return [
    ...findWrongStatus(outcome, getExpected(field.method, field.label, kind)),
    ...findBadMessage(outcome),
    ...findWrongAnswer(field, kind, outcome),
  ].map((fault) => `${subject}: ${fault}`);
}

function call(clients: CsiClients, method: string, request: object): Promise<object> {
  for (const client of Object.values(clients)) {
    // Methods of a client are made from the same csi.proto that the fields are found in.
    const send = (client as unknown as Readonly<Record<string, (request: object) => Promise<object>>>)[
      method
    ];
    if (send !== undefined) return send(request);
  }
  throw new Error(`no service has ${method}`);
}

function findWrongStatus({ status, message }: Outcome, expected: readonly string[]): readonly string[] {
  return expected.includes(status) ? [] : [`${status} (${message}), expected ${expected.join(' or ')}`];
}

function findBadMessage({ status, message }: Outcome): readonly string[] {
  if (status === 'OK') return [];
  const isSentence = /\w+ \w+/.test(message) && message.length <= 1000;
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  const isClean = !/[\u0000-\u001f\u007f-\u009f]/.test(message);
  return isSentence && isClean ? [] : [`the message is no clean sentence: ${JSON.stringify(message)}`];
}

/** Answers that are successes and still have to say no. */
function findWrongAnswer(
  field: StringField,
  kind: TextKind,
  { status, response }: Outcome,
): readonly string[] {
  if (status !== 'OK' || kind === 'empty') return [];
  const isFilter = /^(snapshotId|sourceVolumeId)$/.test(field.label);
  if (field.method === 'ListSnapshots' && isFilter && !isEmptyList(response['entries']))
    return ['the filter let something through'];
  const isImpossible = /\.(fsType|volumeMountGroup)$|^(parameters|mutableParameters)\{key\}$/.test(
    field.label,
  );
  if (field.method === 'ValidateVolumeCapabilities' && isImpossible && response['confirmed'] !== null)
    return ['it was confirmed'];
  return [];
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
