/** What is wrong with a volume (CSI 1.13 VolumeHealth). An empty list is healthy. */
export interface VolumeHealthStatus {
  readonly status: 'DEGRADED' | 'INACCESSIBLE' | 'DATA_LOSS';
  /** One CamelCase word. */
  readonly reason: string;
  /** A sentence for the operator. */
  readonly message: string;
}

/** The health of one volume. */
export interface VolumeHealth {
  readonly volumeId: string;
  readonly statuses: readonly VolumeHealthStatus[];
}

/** What is wrong with a place where volumes live (CSI 1.13 StorageBackendHealth). */
export interface StorageHealthStatus {
  readonly status: 'DEGRADED' | 'UNREACHABLE';
  readonly reason: string;
  readonly message: string;
}
