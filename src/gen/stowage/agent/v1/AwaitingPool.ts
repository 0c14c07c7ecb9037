// Original file: proto/stowage/agent/v1/agent.proto


export interface AwaitingPool {
}

export interface AwaitingPool__Output {
}
