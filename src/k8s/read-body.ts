import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A page of 500 objects stays far below; whatever is larger is not for us. */
const MAX_BODY_BYTES = 64 * 2 ** 20;

/** The API takes no object of more than 1.5 MiB; written as JSON it may be a little longer. */
const MAX_LINE_CHARACTERS = 8 * 2 ** 20;

/** The whole body as text. Throws an Error when it breaks off or is larger than anybody expects. */
export async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new Error('the answer is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body line by line, as it comes. Throws an Error when it breaks off or a line never ends. */
export async function* readLines(body: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) throw new Error('a line of the answer is too long');
    yield* lines;
  }
  if (rest !== '') yield rest;
}
