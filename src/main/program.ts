import type { Logger } from '../observability/logger.ts';
import type { RequestContext } from '../observability/request-context.ts';
import type { Config } from './config.ts';

/** What a program of any role is started with. */
export interface ProgramOptions {
  /** Checked for the role (roles.ts). */
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly context: RequestContext;
}
