// Original file: proto/stowage/agent/v1/agent.proto


export interface DescribeRequest {
}

export interface DescribeRequest__Output {
}
