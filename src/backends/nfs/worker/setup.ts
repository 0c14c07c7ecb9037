import type { Verb } from '../../../rpc/message-peer.ts';
import type { ContentVerbs } from '../../../pools/worker/content-verbs.ts';
import type { WorkerVerbs } from '../../../pools/worker/pool-worker.ts';
import type { StoreVerbs } from '../../../pools/worker/store-verbs.ts';
import type { ContentFacts, ContentOrigin, ContentRequest } from '../../../filestore/content/content.ts';
import type { NfsPool } from '../config.ts';
import type { NfsNodeVerbs } from './node-verbs.ts';

/** What the worker of a pool is told first. */
export interface NfsWorkerSetup {
  readonly pool: NfsPool;
  readonly driver: string;
  readonly nodeName: string;
  /** Undefined where controllers admit pools. */
  readonly clusterId: string | undefined;
  readonly mountDirectory: string;
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug'; readonly format: 'json' | 'pretty' };
}

/** What a worker offers to the process that started it. */
export type NfsWorkerVerbs = WorkerVerbs<NfsWorkerSetup> & StoreVerbs & NfsNodeVerbs;

/** What that process offers to its worker. */
export type NfsParentVerbs = ContentVerbs & {
  /** The pool is not at its place any more: the sentence. */
  readonly poolLost: Verb<string, void>;
  /** Opens content of another store, which the network is needed for. */
  readonly openRemote: Verb<OpenRemoteCall, ContentFacts>;
};

/** What is to be opened elsewhere, and the handle that the worker reads and closes it by. */
export interface OpenRemoteCall {
  readonly handle: string;
  readonly request: ContentRequest & { readonly origin: ContentOrigin };
}
