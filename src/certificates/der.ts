/**
 * The few forms of DER (ITU-T X.690) that a certificate is written in. There is no reader here: node:crypto reads certificates.
 */

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/** A sequence of values that are DER already. */
export function sequence(...values: readonly Uint8Array[]): Buffer {
  return encode(SEQUENCE, ...values);
}

/** A set of one value: sets of several would have to be sorted. */
export function setOf(value: Uint8Array): Buffer {
  return encode(SET, value);
}

/** True; false is a default, and DER leaves defaults out. */
export function yes(): Buffer {
  return encode(BOOLEAN, Buffer.of(0xff));
}

/** A whole number that is not negative, from its bytes, most significant first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const magnitude = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  const isTakenForNegative = ((magnitude[0] ?? 0) & 0x80) !== 0;
  return encode(INTEGER, ...(isTakenForNegative ? [Buffer.of(0)] : []), magnitude);
}

/** Bits in whole bytes, of which the last `unusedBits` do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(BIT_STRING, Buffer.of(unusedBits), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return encode(OCTET_STRING, bytes);
}

export function utf8String(text: string): Buffer {
  return encode(UTF8_STRING, Buffer.from(text, 'utf8'));
}

/** An object identifier in its usual writing, `2.5.29.19`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [first * 40 + second, ...rest];
  return encode(OBJECT_IDENTIFIER, Buffer.from(arcs.flatMap(toBase128)));
}

/** A moment in whole seconds, in the form that RFC 5280 §4.1.2.5 asks for: two digits of the year until 2049, four after. */
export function time(moment: Date): Buffer {
  const digits = `${moment.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return moment.getUTCFullYear() < 2050
    ? encode(UTC_TIME, Buffer.from(digits.slice(2)))
    : encode(GENERALIZED_TIME, Buffer.from(digits));
}

/** A value in a tag of the sequence that it is in: `[number] EXPLICIT`. */
export function explicit(number: number, value: Uint8Array): Buffer {
  return encode(CONTEXT | CONSTRUCTED | number, value);
}

/** The contents of a string whose own tag is replaced: `[number] IMPLICIT`. */
export function implicit(number: number, contents: Uint8Array): Buffer {
  return encode(CONTEXT | number, contents);
}

function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), encodeLength(content.length), content]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

function toBase128(arc: number): readonly number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128));
  }
  return bytes;
}
