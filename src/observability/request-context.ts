import { AsyncLocalStorage } from 'node:async_hooks';
import type { LogFields } from './logger.ts';

/** What is known of the call under way, wherever its code runs. One per process, made in main/ and handed to the logger. */
export interface RequestContext {
  /** Runs `work` and everything that it awaits with these fields. */
  run<T>(fields: LogFields, work: () => T): T;
  /** The fields of the call under way; empty outside of one. */
  fields(): LogFields;
}

/** A context that follows asynchronous calls. */
export function createRequestContext(): RequestContext {
  const storage = new AsyncLocalStorage<LogFields>();
  return {
    run: (fields, work) => storage.run(fields, work),
    fields: () => storage.getStore() ?? {},
  };
}
