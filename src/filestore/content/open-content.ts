import { stat } from 'node:fs/promises';
import { quote } from '../../base/quote.ts';
import type { JobHandle } from '../jobs.ts';
import type { Content } from '../layouts/layout.ts';
import { checkStillThere, copyFrom, getSource } from '../objects.ts';
import { toPoolError } from '../pool-errors.ts';
import type { StoreContext } from '../store-context.ts';
import type { ContentEnd, ContentFacts, ContentPiece, ContentRequest, OpenContent } from './content.ts';
import type { Cut } from './cuts.ts';

/** See LocalFileStore.openContent. */
export async function openContent(
  context: StoreContext,
  request: ContentRequest,
  signal: AbortSignal,
): Promise<OpenContent> {
  await context.presence.check();
  return request.source.kind === 'snapshot'
    ? await openSnapshot(context, request.source.id)
    : await openVolume(context, request, signal);
}

async function openSnapshot(context: StoreContext, id: string): Promise<OpenContent> {
  const { kept, capacityBytes, path } = await getSource(context, { kind: 'snapshot', id });
  const record = await context.snapshots.findById(id);
  const pin = context.pins.hold(id);
  return toOpenContent(context, {
    facts: { tag: id, kept, capacityBytes, usedBytes: record?.heldBytes ?? capacityBytes },
    content: { path, kept },
    checkWhole: () => checkStillThere(context, { kind: 'snapshot', id }),
    markRead: () => undefined,
    close: () => pin[Symbol.dispose](),
  });
}

/** A volume changes: it is read from a cut, which nobody sees and which is gone some time after. */
async function openVolume(
  context: StoreContext,
  { source, target }: ContentRequest,
  signal: AbortSignal,
): Promise<OpenContent> {
  const held = await context.cuts.hold(
    {
      words: [source.id, target.nodeName, target.poolId, target.volumeName],
      subject: `cut of volume ${source.id}`,
      make: (job) => makeCut(context, { id: source.id, for: target.volumeName }, job),
    },
    signal,
  );
  const { tag, content, usedBytes } = held.cut;
  return toOpenContent(context, {
    facts: { tag, kept: content.kept, capacityBytes: content.capacityBytes, usedBytes },
    content,
    // Only this program knows it; should others have swept it all the same, it is not where it was made.
    checkWhole: async () => void (await stat(content.path)),
    markRead: () => held.markRead(),
    close: () => held[Symbol.dispose](),
  });
}

async function makeCut(
  context: StoreContext,
  asked: { readonly id: string; readonly for: string },
  job: JobHandle,
): Promise<Cut> {
  const source = await getSource(context, { kind: 'volume', id: asked.id });
  using _pin = context.pins.hold(source.id);
  const layout = context.layouts[source.kept.layout];
  const { usedBytes } = await layout.measure(source, job.signal);
  await using undo = new AsyncDisposableStack();
  const subject = `the cut of volume ${source.id} from which volume ${quote(asked.for)} is made`;
  undo.use(await context.room.reserve(usedBytes, subject, job.signal));
  const staged = undo.use(await context.staging.open('snapshot'));
  await context.onStep('cut-staged');
  const cut = await copyFrom(context, source, () => layout.cut(staged.directory, source, job));
  await context.onStep('cut-made');
  const path = `${staged.directory}/${layout.contentName}`;
  const capacityBytes = Math.max(source.capacityBytes, cut.sizeBytes ?? 0);
  const kept = undo.move();
  return {
    tag: staged.nonce,
    content: { ...source, kept: cut.kept, path, capacityBytes },
    usedBytes: cut.heldBytes,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Opened {
  readonly facts: ContentFacts;
  readonly content: Content;
  /** Throws when some of what was read may have been removed before it was. */
  readonly checkWhole: () => Promise<void>;
  readonly markRead: () => void;
  readonly close: () => void;
}

function toOpenContent(context: StoreContext, opened: Opened): OpenContent {
  return {
    facts: opened.facts,
    async *read(from, signal) {
      try {
        yield* readFrom(context, opened, { from, signal });
        opened.markRead();
      } catch (error) {
        throw toPoolError(error, context.pool.name);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      opened.close();
    },
  };
}

async function* readFrom(
  context: StoreContext,
  { facts, content, checkWhole }: Opened,
  { from, signal }: { readonly from: number; readonly signal: AbortSignal },
): AsyncGenerator<ContentPiece | ContentEnd, void, undefined> {
  const { checkpoints } = context;
  // An archive is made from its beginning each time.
  const start = checkpoints.find(facts.tag, facts.kept.layout === 'image' ? from : 0);
  const digest = start.digest.copy();
  for await (const piece of context.layouts[facts.kept.layout].readPieces(content, start.position, signal)) {
    digest.add(piece);
    checkpoints.note(facts.tag, piece.position + piece.data.length, digest);
    if (piece.position >= from) yield piece;
  }
  await checkWhole();
  yield { digest: digest.finish() };
}
