import type { Agent } from 'node:http';

/** How the API is reached by one request. */
export interface ApiRoute {
  /** Where the API is, without a slash at its end; may have a path of its own. */
  readonly server: string;
  /** Credentials among them: never log these. */
  readonly headers: Readonly<Record<string, string>>;
  /** Keeps connections, and knows which certificates to trust and to show. */
  readonly agent: Agent;
}

/** Where the API is, and who we are there. */
export interface ApiAccess extends Disposable {
  /** What a request of now needs; credentials that were renewed in the meantime are taken up. */
  route(): Promise<ApiRoute>;
  /** The API did not take our credentials: the next {@link ApiAccess.route} looks for them anew. */
  forgetCredentials(): void;
}
