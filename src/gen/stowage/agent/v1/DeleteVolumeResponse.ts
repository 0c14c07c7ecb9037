// Original file: proto/stowage/agent/v1/agent.proto


export interface DeleteVolumeResponse {
}

export interface DeleteVolumeResponse__Output {
}
