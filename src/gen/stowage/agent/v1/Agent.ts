// Original file: proto/stowage/agent/v1/agent.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdmitPoolRequest as _stowage_agent_v1_AdmitPoolRequest, AdmitPoolRequest__Output as _stowage_agent_v1_AdmitPoolRequest__Output } from '../../../stowage/agent/v1/AdmitPoolRequest.ts';
import type { AdmitPoolResponse as _stowage_agent_v1_AdmitPoolResponse, AdmitPoolResponse__Output as _stowage_agent_v1_AdmitPoolResponse__Output } from '../../../stowage/agent/v1/AdmitPoolResponse.ts';
import type { CreateSnapshotRequest as _stowage_agent_v1_CreateSnapshotRequest, CreateSnapshotRequest__Output as _stowage_agent_v1_CreateSnapshotRequest__Output } from '../../../stowage/agent/v1/CreateSnapshotRequest.ts';
import type { CreateSnapshotResponse as _stowage_agent_v1_CreateSnapshotResponse, CreateSnapshotResponse__Output as _stowage_agent_v1_CreateSnapshotResponse__Output } from '../../../stowage/agent/v1/CreateSnapshotResponse.ts';
import type { CreateVolumeRequest as _stowage_agent_v1_CreateVolumeRequest, CreateVolumeRequest__Output as _stowage_agent_v1_CreateVolumeRequest__Output } from '../../../stowage/agent/v1/CreateVolumeRequest.ts';
import type { CreateVolumeResponse as _stowage_agent_v1_CreateVolumeResponse, CreateVolumeResponse__Output as _stowage_agent_v1_CreateVolumeResponse__Output } from '../../../stowage/agent/v1/CreateVolumeResponse.ts';
import type { DeleteSnapshotRequest as _stowage_agent_v1_DeleteSnapshotRequest, DeleteSnapshotRequest__Output as _stowage_agent_v1_DeleteSnapshotRequest__Output } from '../../../stowage/agent/v1/DeleteSnapshotRequest.ts';
import type { DeleteSnapshotResponse as _stowage_agent_v1_DeleteSnapshotResponse, DeleteSnapshotResponse__Output as _stowage_agent_v1_DeleteSnapshotResponse__Output } from '../../../stowage/agent/v1/DeleteSnapshotResponse.ts';
import type { DeleteVolumeRequest as _stowage_agent_v1_DeleteVolumeRequest, DeleteVolumeRequest__Output as _stowage_agent_v1_DeleteVolumeRequest__Output } from '../../../stowage/agent/v1/DeleteVolumeRequest.ts';
import type { DeleteVolumeResponse as _stowage_agent_v1_DeleteVolumeResponse, DeleteVolumeResponse__Output as _stowage_agent_v1_DeleteVolumeResponse__Output } from '../../../stowage/agent/v1/DeleteVolumeResponse.ts';
import type { DescribeRequest as _stowage_agent_v1_DescribeRequest, DescribeRequest__Output as _stowage_agent_v1_DescribeRequest__Output } from '../../../stowage/agent/v1/DescribeRequest.ts';
import type { DescribeResponse as _stowage_agent_v1_DescribeResponse, DescribeResponse__Output as _stowage_agent_v1_DescribeResponse__Output } from '../../../stowage/agent/v1/DescribeResponse.ts';
import type { ExpandVolumeRequest as _stowage_agent_v1_ExpandVolumeRequest, ExpandVolumeRequest__Output as _stowage_agent_v1_ExpandVolumeRequest__Output } from '../../../stowage/agent/v1/ExpandVolumeRequest.ts';
import type { ExpandVolumeResponse as _stowage_agent_v1_ExpandVolumeResponse, ExpandVolumeResponse__Output as _stowage_agent_v1_ExpandVolumeResponse__Output } from '../../../stowage/agent/v1/ExpandVolumeResponse.ts';
import type { FindByNamesRequest as _stowage_agent_v1_FindByNamesRequest, FindByNamesRequest__Output as _stowage_agent_v1_FindByNamesRequest__Output } from '../../../stowage/agent/v1/FindByNamesRequest.ts';
import type { FindByNamesResponse as _stowage_agent_v1_FindByNamesResponse, FindByNamesResponse__Output as _stowage_agent_v1_FindByNamesResponse__Output } from '../../../stowage/agent/v1/FindByNamesResponse.ts';
import type { FindSnapshotRequest as _stowage_agent_v1_FindSnapshotRequest, FindSnapshotRequest__Output as _stowage_agent_v1_FindSnapshotRequest__Output } from '../../../stowage/agent/v1/FindSnapshotRequest.ts';
import type { FindSnapshotResponse as _stowage_agent_v1_FindSnapshotResponse, FindSnapshotResponse__Output as _stowage_agent_v1_FindSnapshotResponse__Output } from '../../../stowage/agent/v1/FindSnapshotResponse.ts';
import type { FindVolumeRequest as _stowage_agent_v1_FindVolumeRequest, FindVolumeRequest__Output as _stowage_agent_v1_FindVolumeRequest__Output } from '../../../stowage/agent/v1/FindVolumeRequest.ts';
import type { FindVolumeResponse as _stowage_agent_v1_FindVolumeResponse, FindVolumeResponse__Output as _stowage_agent_v1_FindVolumeResponse__Output } from '../../../stowage/agent/v1/FindVolumeResponse.ts';
import type { GetHealthRequest as _stowage_agent_v1_GetHealthRequest, GetHealthRequest__Output as _stowage_agent_v1_GetHealthRequest__Output } from '../../../stowage/agent/v1/GetHealthRequest.ts';
import type { GetHealthResponse as _stowage_agent_v1_GetHealthResponse, GetHealthResponse__Output as _stowage_agent_v1_GetHealthResponse__Output } from '../../../stowage/agent/v1/GetHealthResponse.ts';
import type { GetRoomRequest as _stowage_agent_v1_GetRoomRequest, GetRoomRequest__Output as _stowage_agent_v1_GetRoomRequest__Output } from '../../../stowage/agent/v1/GetRoomRequest.ts';
import type { GetRoomResponse as _stowage_agent_v1_GetRoomResponse, GetRoomResponse__Output as _stowage_agent_v1_GetRoomResponse__Output } from '../../../stowage/agent/v1/GetRoomResponse.ts';
import type { GetUsageRequest as _stowage_agent_v1_GetUsageRequest, GetUsageRequest__Output as _stowage_agent_v1_GetUsageRequest__Output } from '../../../stowage/agent/v1/GetUsageRequest.ts';
import type { GetUsageResponse as _stowage_agent_v1_GetUsageResponse, GetUsageResponse__Output as _stowage_agent_v1_GetUsageResponse__Output } from '../../../stowage/agent/v1/GetUsageResponse.ts';
import type { GetVolumeHealthRequest as _stowage_agent_v1_GetVolumeHealthRequest, GetVolumeHealthRequest__Output as _stowage_agent_v1_GetVolumeHealthRequest__Output } from '../../../stowage/agent/v1/GetVolumeHealthRequest.ts';
import type { GetVolumeHealthResponse as _stowage_agent_v1_GetVolumeHealthResponse, GetVolumeHealthResponse__Output as _stowage_agent_v1_GetVolumeHealthResponse__Output } from '../../../stowage/agent/v1/GetVolumeHealthResponse.ts';
import type { ListSnapshotsRequest as _stowage_agent_v1_ListSnapshotsRequest, ListSnapshotsRequest__Output as _stowage_agent_v1_ListSnapshotsRequest__Output } from '../../../stowage/agent/v1/ListSnapshotsRequest.ts';
import type { ListSnapshotsResponse as _stowage_agent_v1_ListSnapshotsResponse, ListSnapshotsResponse__Output as _stowage_agent_v1_ListSnapshotsResponse__Output } from '../../../stowage/agent/v1/ListSnapshotsResponse.ts';
import type { ListVolumesRequest as _stowage_agent_v1_ListVolumesRequest, ListVolumesRequest__Output as _stowage_agent_v1_ListVolumesRequest__Output } from '../../../stowage/agent/v1/ListVolumesRequest.ts';
import type { ListVolumesResponse as _stowage_agent_v1_ListVolumesResponse, ListVolumesResponse__Output as _stowage_agent_v1_ListVolumesResponse__Output } from '../../../stowage/agent/v1/ListVolumesResponse.ts';

export interface AgentClient extends grpc.Client {
  AdmitPool(argument: _stowage_agent_v1_AdmitPoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  AdmitPool(argument: _stowage_agent_v1_AdmitPoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  AdmitPool(argument: _stowage_agent_v1_AdmitPoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  AdmitPool(argument: _stowage_agent_v1_AdmitPoolRequest, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  admitPool(argument: _stowage_agent_v1_AdmitPoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  admitPool(argument: _stowage_agent_v1_AdmitPoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  admitPool(argument: _stowage_agent_v1_AdmitPoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  admitPool(argument: _stowage_agent_v1_AdmitPoolRequest, callback: grpc.requestCallback<_stowage_agent_v1_AdmitPoolResponse__Output>): grpc.ClientUnaryCall;
  
  CreateSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  CreateSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  CreateSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  CreateSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  createSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  createSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  createSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  createSnapshot(argument: _stowage_agent_v1_CreateSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_CreateSnapshotResponse__Output>): grpc.ClientUnaryCall;
  
  CreateVolume(argument: _stowage_agent_v1_CreateVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  CreateVolume(argument: _stowage_agent_v1_CreateVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  CreateVolume(argument: _stowage_agent_v1_CreateVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  CreateVolume(argument: _stowage_agent_v1_CreateVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  createVolume(argument: _stowage_agent_v1_CreateVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  createVolume(argument: _stowage_agent_v1_CreateVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  createVolume(argument: _stowage_agent_v1_CreateVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  createVolume(argument: _stowage_agent_v1_CreateVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_CreateVolumeResponse__Output>): grpc.ClientUnaryCall;
  
  DeleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  DeleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  DeleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  DeleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  deleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  deleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  deleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  deleteSnapshot(argument: _stowage_agent_v1_DeleteSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_DeleteSnapshotResponse__Output>): grpc.ClientUnaryCall;
  
  DeleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  DeleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  DeleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  DeleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  deleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  deleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  deleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  deleteVolume(argument: _stowage_agent_v1_DeleteVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_DeleteVolumeResponse__Output>): grpc.ClientUnaryCall;
  
  Describe(argument: _stowage_agent_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _stowage_agent_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _stowage_agent_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _stowage_agent_v1_DescribeRequest, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _stowage_agent_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _stowage_agent_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _stowage_agent_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _stowage_agent_v1_DescribeRequest, callback: grpc.requestCallback<_stowage_agent_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  
  ExpandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  ExpandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  ExpandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  ExpandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  expandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  expandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  expandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  expandVolume(argument: _stowage_agent_v1_ExpandVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_ExpandVolumeResponse__Output>): grpc.ClientUnaryCall;
  
  FindByNames(argument: _stowage_agent_v1_FindByNamesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  FindByNames(argument: _stowage_agent_v1_FindByNamesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  FindByNames(argument: _stowage_agent_v1_FindByNamesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  FindByNames(argument: _stowage_agent_v1_FindByNamesRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  findByNames(argument: _stowage_agent_v1_FindByNamesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  findByNames(argument: _stowage_agent_v1_FindByNamesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  findByNames(argument: _stowage_agent_v1_FindByNamesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  findByNames(argument: _stowage_agent_v1_FindByNamesRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindByNamesResponse__Output>): grpc.ClientUnaryCall;
  
  FindSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  FindSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  FindSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  FindSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  findSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  findSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  findSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  findSnapshot(argument: _stowage_agent_v1_FindSnapshotRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindSnapshotResponse__Output>): grpc.ClientUnaryCall;
  
  FindVolume(argument: _stowage_agent_v1_FindVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  FindVolume(argument: _stowage_agent_v1_FindVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  FindVolume(argument: _stowage_agent_v1_FindVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  FindVolume(argument: _stowage_agent_v1_FindVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  findVolume(argument: _stowage_agent_v1_FindVolumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  findVolume(argument: _stowage_agent_v1_FindVolumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  findVolume(argument: _stowage_agent_v1_FindVolumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  findVolume(argument: _stowage_agent_v1_FindVolumeRequest, callback: grpc.requestCallback<_stowage_agent_v1_FindVolumeResponse__Output>): grpc.ClientUnaryCall;
  
  GetHealth(argument: _stowage_agent_v1_GetHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _stowage_agent_v1_GetHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _stowage_agent_v1_GetHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _stowage_agent_v1_GetHealthRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _stowage_agent_v1_GetHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _stowage_agent_v1_GetHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _stowage_agent_v1_GetHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _stowage_agent_v1_GetHealthRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetHealthResponse__Output>): grpc.ClientUnaryCall;
  
  GetRoom(argument: _stowage_agent_v1_GetRoomRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  GetRoom(argument: _stowage_agent_v1_GetRoomRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  GetRoom(argument: _stowage_agent_v1_GetRoomRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  GetRoom(argument: _stowage_agent_v1_GetRoomRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  getRoom(argument: _stowage_agent_v1_GetRoomRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  getRoom(argument: _stowage_agent_v1_GetRoomRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  getRoom(argument: _stowage_agent_v1_GetRoomRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  getRoom(argument: _stowage_agent_v1_GetRoomRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetRoomResponse__Output>): grpc.ClientUnaryCall;
  
  GetUsage(argument: _stowage_agent_v1_GetUsageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  GetUsage(argument: _stowage_agent_v1_GetUsageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  GetUsage(argument: _stowage_agent_v1_GetUsageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  GetUsage(argument: _stowage_agent_v1_GetUsageRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  getUsage(argument: _stowage_agent_v1_GetUsageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  getUsage(argument: _stowage_agent_v1_GetUsageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  getUsage(argument: _stowage_agent_v1_GetUsageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  getUsage(argument: _stowage_agent_v1_GetUsageRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetUsageResponse__Output>): grpc.ClientUnaryCall;
  
  GetVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  GetVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  GetVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  GetVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  getVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  getVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  getVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  getVolumeHealth(argument: _stowage_agent_v1_GetVolumeHealthRequest, callback: grpc.requestCallback<_stowage_agent_v1_GetVolumeHealthResponse__Output>): grpc.ClientUnaryCall;
  
  ListSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  ListSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  ListSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  ListSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  listSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  listSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  listSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  listSnapshots(argument: _stowage_agent_v1_ListSnapshotsRequest, callback: grpc.requestCallback<_stowage_agent_v1_ListSnapshotsResponse__Output>): grpc.ClientUnaryCall;
  
  ListVolumes(argument: _stowage_agent_v1_ListVolumesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  ListVolumes(argument: _stowage_agent_v1_ListVolumesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  ListVolumes(argument: _stowage_agent_v1_ListVolumesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  ListVolumes(argument: _stowage_agent_v1_ListVolumesRequest, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  listVolumes(argument: _stowage_agent_v1_ListVolumesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  listVolumes(argument: _stowage_agent_v1_ListVolumesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  listVolumes(argument: _stowage_agent_v1_ListVolumesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  listVolumes(argument: _stowage_agent_v1_ListVolumesRequest, callback: grpc.requestCallback<_stowage_agent_v1_ListVolumesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface AgentHandlers extends grpc.UntypedServiceImplementation {
  AdmitPool: grpc.handleUnaryCall<_stowage_agent_v1_AdmitPoolRequest__Output, _stowage_agent_v1_AdmitPoolResponse>;
  
  CreateSnapshot: grpc.handleUnaryCall<_stowage_agent_v1_CreateSnapshotRequest__Output, _stowage_agent_v1_CreateSnapshotResponse>;
  
  CreateVolume: grpc.handleUnaryCall<_stowage_agent_v1_CreateVolumeRequest__Output, _stowage_agent_v1_CreateVolumeResponse>;
  
  DeleteSnapshot: grpc.handleUnaryCall<_stowage_agent_v1_DeleteSnapshotRequest__Output, _stowage_agent_v1_DeleteSnapshotResponse>;
  
  DeleteVolume: grpc.handleUnaryCall<_stowage_agent_v1_DeleteVolumeRequest__Output, _stowage_agent_v1_DeleteVolumeResponse>;
  
  Describe: grpc.handleUnaryCall<_stowage_agent_v1_DescribeRequest__Output, _stowage_agent_v1_DescribeResponse>;
  
  ExpandVolume: grpc.handleUnaryCall<_stowage_agent_v1_ExpandVolumeRequest__Output, _stowage_agent_v1_ExpandVolumeResponse>;
  
  FindByNames: grpc.handleUnaryCall<_stowage_agent_v1_FindByNamesRequest__Output, _stowage_agent_v1_FindByNamesResponse>;
  
  FindSnapshot: grpc.handleUnaryCall<_stowage_agent_v1_FindSnapshotRequest__Output, _stowage_agent_v1_FindSnapshotResponse>;
  
  FindVolume: grpc.handleUnaryCall<_stowage_agent_v1_FindVolumeRequest__Output, _stowage_agent_v1_FindVolumeResponse>;
  
  GetHealth: grpc.handleUnaryCall<_stowage_agent_v1_GetHealthRequest__Output, _stowage_agent_v1_GetHealthResponse>;
  
  GetRoom: grpc.handleUnaryCall<_stowage_agent_v1_GetRoomRequest__Output, _stowage_agent_v1_GetRoomResponse>;
  
  GetUsage: grpc.handleUnaryCall<_stowage_agent_v1_GetUsageRequest__Output, _stowage_agent_v1_GetUsageResponse>;
  
  GetVolumeHealth: grpc.handleUnaryCall<_stowage_agent_v1_GetVolumeHealthRequest__Output, _stowage_agent_v1_GetVolumeHealthResponse>;
  
  ListSnapshots: grpc.handleUnaryCall<_stowage_agent_v1_ListSnapshotsRequest__Output, _stowage_agent_v1_ListSnapshotsResponse>;
  
  ListVolumes: grpc.handleUnaryCall<_stowage_agent_v1_ListVolumesRequest__Output, _stowage_agent_v1_ListVolumesResponse>;
  
}

export interface AgentDefinition extends grpc.ServiceDefinition {
  AdmitPool: MethodDefinition<_stowage_agent_v1_AdmitPoolRequest, _stowage_agent_v1_AdmitPoolResponse, _stowage_agent_v1_AdmitPoolRequest__Output, _stowage_agent_v1_AdmitPoolResponse__Output>
  CreateSnapshot: MethodDefinition<_stowage_agent_v1_CreateSnapshotRequest, _stowage_agent_v1_CreateSnapshotResponse, _stowage_agent_v1_CreateSnapshotRequest__Output, _stowage_agent_v1_CreateSnapshotResponse__Output>
  CreateVolume: MethodDefinition<_stowage_agent_v1_CreateVolumeRequest, _stowage_agent_v1_CreateVolumeResponse, _stowage_agent_v1_CreateVolumeRequest__Output, _stowage_agent_v1_CreateVolumeResponse__Output>
  DeleteSnapshot: MethodDefinition<_stowage_agent_v1_DeleteSnapshotRequest, _stowage_agent_v1_DeleteSnapshotResponse, _stowage_agent_v1_DeleteSnapshotRequest__Output, _stowage_agent_v1_DeleteSnapshotResponse__Output>
  DeleteVolume: MethodDefinition<_stowage_agent_v1_DeleteVolumeRequest, _stowage_agent_v1_DeleteVolumeResponse, _stowage_agent_v1_DeleteVolumeRequest__Output, _stowage_agent_v1_DeleteVolumeResponse__Output>
  Describe: MethodDefinition<_stowage_agent_v1_DescribeRequest, _stowage_agent_v1_DescribeResponse, _stowage_agent_v1_DescribeRequest__Output, _stowage_agent_v1_DescribeResponse__Output>
  ExpandVolume: MethodDefinition<_stowage_agent_v1_ExpandVolumeRequest, _stowage_agent_v1_ExpandVolumeResponse, _stowage_agent_v1_ExpandVolumeRequest__Output, _stowage_agent_v1_ExpandVolumeResponse__Output>
  FindByNames: MethodDefinition<_stowage_agent_v1_FindByNamesRequest, _stowage_agent_v1_FindByNamesResponse, _stowage_agent_v1_FindByNamesRequest__Output, _stowage_agent_v1_FindByNamesResponse__Output>
  FindSnapshot: MethodDefinition<_stowage_agent_v1_FindSnapshotRequest, _stowage_agent_v1_FindSnapshotResponse, _stowage_agent_v1_FindSnapshotRequest__Output, _stowage_agent_v1_FindSnapshotResponse__Output>
  FindVolume: MethodDefinition<_stowage_agent_v1_FindVolumeRequest, _stowage_agent_v1_FindVolumeResponse, _stowage_agent_v1_FindVolumeRequest__Output, _stowage_agent_v1_FindVolumeResponse__Output>
  GetHealth: MethodDefinition<_stowage_agent_v1_GetHealthRequest, _stowage_agent_v1_GetHealthResponse, _stowage_agent_v1_GetHealthRequest__Output, _stowage_agent_v1_GetHealthResponse__Output>
  GetRoom: MethodDefinition<_stowage_agent_v1_GetRoomRequest, _stowage_agent_v1_GetRoomResponse, _stowage_agent_v1_GetRoomRequest__Output, _stowage_agent_v1_GetRoomResponse__Output>
  GetUsage: MethodDefinition<_stowage_agent_v1_GetUsageRequest, _stowage_agent_v1_GetUsageResponse, _stowage_agent_v1_GetUsageRequest__Output, _stowage_agent_v1_GetUsageResponse__Output>
  GetVolumeHealth: MethodDefinition<_stowage_agent_v1_GetVolumeHealthRequest, _stowage_agent_v1_GetVolumeHealthResponse, _stowage_agent_v1_GetVolumeHealthRequest__Output, _stowage_agent_v1_GetVolumeHealthResponse__Output>
  ListSnapshots: MethodDefinition<_stowage_agent_v1_ListSnapshotsRequest, _stowage_agent_v1_ListSnapshotsResponse, _stowage_agent_v1_ListSnapshotsRequest__Output, _stowage_agent_v1_ListSnapshotsResponse__Output>
  ListVolumes: MethodDefinition<_stowage_agent_v1_ListVolumesRequest, _stowage_agent_v1_ListVolumesResponse, _stowage_agent_v1_ListVolumesRequest__Output, _stowage_agent_v1_ListVolumesResponse__Output>
}
