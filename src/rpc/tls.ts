/** What one side of a mutually authenticated connection needs. All of it is PEM. */
export interface TlsMaterial {
  /** One or more certificates: whoever one of them signed is believed. Two while the CA is being changed. */
  readonly ca: string;
  /** Own certificate, and the intermediate ones that lead to a trusted one, if any. */
  readonly certificate: string;
  /** PKCS #8. Never logged. */
  readonly key: string;
}

/** Material that changes while the program runs. Homes: files, a Secret, memory. */
export interface TlsSource {
  current(): TlsMaterial;
  /** Tells after each change; the new material is `current()` by then. Disposing it ends that. */
  onChange(listener: () => void): Disposable;
}

/** DNS names in the certificates of the two kinds of programs. All agents share one: which node answers is checked in metadata. */
export const CONTROLLER_TLS_NAME = 'controller.stowage.internal';
export const AGENT_TLS_NAME = 'agent.stowage.internal';
