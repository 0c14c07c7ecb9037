import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AdmitPoolRequest as _stowage_agent_v1_AdmitPoolRequest, AdmitPoolRequest__Output as _stowage_agent_v1_AdmitPoolRequest__Output } from './stowage/agent/v1/AdmitPoolRequest.ts';
import type { AdmitPoolResponse as _stowage_agent_v1_AdmitPoolResponse, AdmitPoolResponse__Output as _stowage_agent_v1_AdmitPoolResponse__Output } from './stowage/agent/v1/AdmitPoolResponse.ts';
import type { AgentClient as _stowage_agent_v1_AgentClient, AgentDefinition as _stowage_agent_v1_AgentDefinition } from './stowage/agent/v1/Agent.ts';
import type { AskedVolume as _stowage_agent_v1_AskedVolume, AskedVolume__Output as _stowage_agent_v1_AskedVolume__Output } from './stowage/agent/v1/AskedVolume.ts';
import type { AwaitingPool as _stowage_agent_v1_AwaitingPool, AwaitingPool__Output as _stowage_agent_v1_AwaitingPool__Output } from './stowage/agent/v1/AwaitingPool.ts';
import type { CapacityRange as _stowage_agent_v1_CapacityRange, CapacityRange__Output as _stowage_agent_v1_CapacityRange__Output } from './stowage/agent/v1/CapacityRange.ts';
import type { Claim as _stowage_agent_v1_Claim, Claim__Output as _stowage_agent_v1_Claim__Output } from './stowage/agent/v1/Claim.ts';
import type { ContentOrigin as _stowage_agent_v1_ContentOrigin, ContentOrigin__Output as _stowage_agent_v1_ContentOrigin__Output } from './stowage/agent/v1/ContentOrigin.ts';
import type { ContentSource as _stowage_agent_v1_ContentSource, ContentSource__Output as _stowage_agent_v1_ContentSource__Output } from './stowage/agent/v1/ContentSource.ts';
import type { CreateSnapshotRequest as _stowage_agent_v1_CreateSnapshotRequest, CreateSnapshotRequest__Output as _stowage_agent_v1_CreateSnapshotRequest__Output } from './stowage/agent/v1/CreateSnapshotRequest.ts';
import type { CreateSnapshotResponse as _stowage_agent_v1_CreateSnapshotResponse, CreateSnapshotResponse__Output as _stowage_agent_v1_CreateSnapshotResponse__Output } from './stowage/agent/v1/CreateSnapshotResponse.ts';
import type { CreateVolumeRequest as _stowage_agent_v1_CreateVolumeRequest, CreateVolumeRequest__Output as _stowage_agent_v1_CreateVolumeRequest__Output } from './stowage/agent/v1/CreateVolumeRequest.ts';
import type { CreateVolumeResponse as _stowage_agent_v1_CreateVolumeResponse, CreateVolumeResponse__Output as _stowage_agent_v1_CreateVolumeResponse__Output } from './stowage/agent/v1/CreateVolumeResponse.ts';
import type { DeleteSnapshotRequest as _stowage_agent_v1_DeleteSnapshotRequest, DeleteSnapshotRequest__Output as _stowage_agent_v1_DeleteSnapshotRequest__Output } from './stowage/agent/v1/DeleteSnapshotRequest.ts';
import type { DeleteSnapshotResponse as _stowage_agent_v1_DeleteSnapshotResponse, DeleteSnapshotResponse__Output as _stowage_agent_v1_DeleteSnapshotResponse__Output } from './stowage/agent/v1/DeleteSnapshotResponse.ts';
import type { DeleteVolumeRequest as _stowage_agent_v1_DeleteVolumeRequest, DeleteVolumeRequest__Output as _stowage_agent_v1_DeleteVolumeRequest__Output } from './stowage/agent/v1/DeleteVolumeRequest.ts';
import type { DeleteVolumeResponse as _stowage_agent_v1_DeleteVolumeResponse, DeleteVolumeResponse__Output as _stowage_agent_v1_DeleteVolumeResponse__Output } from './stowage/agent/v1/DeleteVolumeResponse.ts';
import type { DescribeRequest as _stowage_agent_v1_DescribeRequest, DescribeRequest__Output as _stowage_agent_v1_DescribeRequest__Output } from './stowage/agent/v1/DescribeRequest.ts';
import type { DescribeResponse as _stowage_agent_v1_DescribeResponse, DescribeResponse__Output as _stowage_agent_v1_DescribeResponse__Output } from './stowage/agent/v1/DescribeResponse.ts';
import type { DirectoryKept as _stowage_agent_v1_DirectoryKept, DirectoryKept__Output as _stowage_agent_v1_DirectoryKept__Output } from './stowage/agent/v1/DirectoryKept.ts';
import type { ExpandVolumeRequest as _stowage_agent_v1_ExpandVolumeRequest, ExpandVolumeRequest__Output as _stowage_agent_v1_ExpandVolumeRequest__Output } from './stowage/agent/v1/ExpandVolumeRequest.ts';
import type { ExpandVolumeResponse as _stowage_agent_v1_ExpandVolumeResponse, ExpandVolumeResponse__Output as _stowage_agent_v1_ExpandVolumeResponse__Output } from './stowage/agent/v1/ExpandVolumeResponse.ts';
import type { FindByNamesRequest as _stowage_agent_v1_FindByNamesRequest, FindByNamesRequest__Output as _stowage_agent_v1_FindByNamesRequest__Output } from './stowage/agent/v1/FindByNamesRequest.ts';
import type { FindByNamesResponse as _stowage_agent_v1_FindByNamesResponse, FindByNamesResponse__Output as _stowage_agent_v1_FindByNamesResponse__Output } from './stowage/agent/v1/FindByNamesResponse.ts';
import type { FindSnapshotRequest as _stowage_agent_v1_FindSnapshotRequest, FindSnapshotRequest__Output as _stowage_agent_v1_FindSnapshotRequest__Output } from './stowage/agent/v1/FindSnapshotRequest.ts';
import type { FindSnapshotResponse as _stowage_agent_v1_FindSnapshotResponse, FindSnapshotResponse__Output as _stowage_agent_v1_FindSnapshotResponse__Output } from './stowage/agent/v1/FindSnapshotResponse.ts';
import type { FindVolumeRequest as _stowage_agent_v1_FindVolumeRequest, FindVolumeRequest__Output as _stowage_agent_v1_FindVolumeRequest__Output } from './stowage/agent/v1/FindVolumeRequest.ts';
import type { FindVolumeResponse as _stowage_agent_v1_FindVolumeResponse, FindVolumeResponse__Output as _stowage_agent_v1_FindVolumeResponse__Output } from './stowage/agent/v1/FindVolumeResponse.ts';
import type { GetHealthRequest as _stowage_agent_v1_GetHealthRequest, GetHealthRequest__Output as _stowage_agent_v1_GetHealthRequest__Output } from './stowage/agent/v1/GetHealthRequest.ts';
import type { GetHealthResponse as _stowage_agent_v1_GetHealthResponse, GetHealthResponse__Output as _stowage_agent_v1_GetHealthResponse__Output } from './stowage/agent/v1/GetHealthResponse.ts';
import type { GetRoomRequest as _stowage_agent_v1_GetRoomRequest, GetRoomRequest__Output as _stowage_agent_v1_GetRoomRequest__Output } from './stowage/agent/v1/GetRoomRequest.ts';
import type { GetRoomResponse as _stowage_agent_v1_GetRoomResponse, GetRoomResponse__Output as _stowage_agent_v1_GetRoomResponse__Output } from './stowage/agent/v1/GetRoomResponse.ts';
import type { GetUsageRequest as _stowage_agent_v1_GetUsageRequest, GetUsageRequest__Output as _stowage_agent_v1_GetUsageRequest__Output } from './stowage/agent/v1/GetUsageRequest.ts';
import type { GetUsageResponse as _stowage_agent_v1_GetUsageResponse, GetUsageResponse__Output as _stowage_agent_v1_GetUsageResponse__Output } from './stowage/agent/v1/GetUsageResponse.ts';
import type { GetVolumeHealthRequest as _stowage_agent_v1_GetVolumeHealthRequest, GetVolumeHealthRequest__Output as _stowage_agent_v1_GetVolumeHealthRequest__Output } from './stowage/agent/v1/GetVolumeHealthRequest.ts';
import type { GetVolumeHealthResponse as _stowage_agent_v1_GetVolumeHealthResponse, GetVolumeHealthResponse__Output as _stowage_agent_v1_GetVolumeHealthResponse__Output } from './stowage/agent/v1/GetVolumeHealthResponse.ts';
import type { HealthStatus as _stowage_agent_v1_HealthStatus, HealthStatus__Output as _stowage_agent_v1_HealthStatus__Output } from './stowage/agent/v1/HealthStatus.ts';
import type { ImageKept as _stowage_agent_v1_ImageKept, ImageKept__Output as _stowage_agent_v1_ImageKept__Output } from './stowage/agent/v1/ImageKept.ts';
import type { ListSnapshotsRequest as _stowage_agent_v1_ListSnapshotsRequest, ListSnapshotsRequest__Output as _stowage_agent_v1_ListSnapshotsRequest__Output } from './stowage/agent/v1/ListSnapshotsRequest.ts';
import type { ListSnapshotsResponse as _stowage_agent_v1_ListSnapshotsResponse, ListSnapshotsResponse__Output as _stowage_agent_v1_ListSnapshotsResponse__Output } from './stowage/agent/v1/ListSnapshotsResponse.ts';
import type { ListVolumesRequest as _stowage_agent_v1_ListVolumesRequest, ListVolumesRequest__Output as _stowage_agent_v1_ListVolumesRequest__Output } from './stowage/agent/v1/ListVolumesRequest.ts';
import type { ListVolumesResponse as _stowage_agent_v1_ListVolumesResponse, ListVolumesResponse__Output as _stowage_agent_v1_ListVolumesResponse__Output } from './stowage/agent/v1/ListVolumesResponse.ts';
import type { NameAnswer as _stowage_agent_v1_NameAnswer, NameAnswer__Output as _stowage_agent_v1_NameAnswer__Output } from './stowage/agent/v1/NameAnswer.ts';
import type { NameFailure as _stowage_agent_v1_NameFailure, NameFailure__Output as _stowage_agent_v1_NameFailure__Output } from './stowage/agent/v1/NameFailure.ts';
import type { NameQuestion as _stowage_agent_v1_NameQuestion, NameQuestion__Output as _stowage_agent_v1_NameQuestion__Output } from './stowage/agent/v1/NameQuestion.ts';
import type { OpenPool as _stowage_agent_v1_OpenPool, OpenPool__Output as _stowage_agent_v1_OpenPool__Output } from './stowage/agent/v1/OpenPool.ts';
import type { Pool as _stowage_agent_v1_Pool, Pool__Output as _stowage_agent_v1_Pool__Output } from './stowage/agent/v1/Pool.ts';
import type { PoolSettings as _stowage_agent_v1_PoolSettings, PoolSettings__Output as _stowage_agent_v1_PoolSettings__Output } from './stowage/agent/v1/PoolSettings.ts';
import type { SnapshotRecord as _stowage_agent_v1_SnapshotRecord, SnapshotRecord__Output as _stowage_agent_v1_SnapshotRecord__Output } from './stowage/agent/v1/SnapshotRecord.ts';
import type { StoreAbilities as _stowage_agent_v1_StoreAbilities, StoreAbilities__Output as _stowage_agent_v1_StoreAbilities__Output } from './stowage/agent/v1/StoreAbilities.ts';
import type { StoreRoom as _stowage_agent_v1_StoreRoom, StoreRoom__Output as _stowage_agent_v1_StoreRoom__Output } from './stowage/agent/v1/StoreRoom.ts';
import type { UnavailablePool as _stowage_agent_v1_UnavailablePool, UnavailablePool__Output as _stowage_agent_v1_UnavailablePool__Output } from './stowage/agent/v1/UnavailablePool.ts';
import type { VolumeOwner as _stowage_agent_v1_VolumeOwner, VolumeOwner__Output as _stowage_agent_v1_VolumeOwner__Output } from './stowage/agent/v1/VolumeOwner.ts';
import type { VolumeRecord as _stowage_agent_v1_VolumeRecord, VolumeRecord__Output as _stowage_agent_v1_VolumeRecord__Output } from './stowage/agent/v1/VolumeRecord.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  stowage: {
    agent: {
      v1: {
        AccessType: EnumTypeDefinition
        AdmitPoolRequest: MessageTypeDefinition<_stowage_agent_v1_AdmitPoolRequest, _stowage_agent_v1_AdmitPoolRequest__Output>
        AdmitPoolResponse: MessageTypeDefinition<_stowage_agent_v1_AdmitPoolResponse, _stowage_agent_v1_AdmitPoolResponse__Output>
        Agent: SubtypeConstructor<typeof grpc.Client, _stowage_agent_v1_AgentClient> & { service: _stowage_agent_v1_AgentDefinition }
        AskedVolume: MessageTypeDefinition<_stowage_agent_v1_AskedVolume, _stowage_agent_v1_AskedVolume__Output>
        AwaitingPool: MessageTypeDefinition<_stowage_agent_v1_AwaitingPool, _stowage_agent_v1_AwaitingPool__Output>
        CapacityRange: MessageTypeDefinition<_stowage_agent_v1_CapacityRange, _stowage_agent_v1_CapacityRange__Output>
        Claim: MessageTypeDefinition<_stowage_agent_v1_Claim, _stowage_agent_v1_Claim__Output>
        Consistency: EnumTypeDefinition
        ContentOrigin: MessageTypeDefinition<_stowage_agent_v1_ContentOrigin, _stowage_agent_v1_ContentOrigin__Output>
        ContentSource: MessageTypeDefinition<_stowage_agent_v1_ContentSource, _stowage_agent_v1_ContentSource__Output>
        CreateSnapshotRequest: MessageTypeDefinition<_stowage_agent_v1_CreateSnapshotRequest, _stowage_agent_v1_CreateSnapshotRequest__Output>
        CreateSnapshotResponse: MessageTypeDefinition<_stowage_agent_v1_CreateSnapshotResponse, _stowage_agent_v1_CreateSnapshotResponse__Output>
        CreateVolumeRequest: MessageTypeDefinition<_stowage_agent_v1_CreateVolumeRequest, _stowage_agent_v1_CreateVolumeRequest__Output>
        CreateVolumeResponse: MessageTypeDefinition<_stowage_agent_v1_CreateVolumeResponse, _stowage_agent_v1_CreateVolumeResponse__Output>
        DeleteSnapshotRequest: MessageTypeDefinition<_stowage_agent_v1_DeleteSnapshotRequest, _stowage_agent_v1_DeleteSnapshotRequest__Output>
        DeleteSnapshotResponse: MessageTypeDefinition<_stowage_agent_v1_DeleteSnapshotResponse, _stowage_agent_v1_DeleteSnapshotResponse__Output>
        DeleteVolumeRequest: MessageTypeDefinition<_stowage_agent_v1_DeleteVolumeRequest, _stowage_agent_v1_DeleteVolumeRequest__Output>
        DeleteVolumeResponse: MessageTypeDefinition<_stowage_agent_v1_DeleteVolumeResponse, _stowage_agent_v1_DeleteVolumeResponse__Output>
        DescribeRequest: MessageTypeDefinition<_stowage_agent_v1_DescribeRequest, _stowage_agent_v1_DescribeRequest__Output>
        DescribeResponse: MessageTypeDefinition<_stowage_agent_v1_DescribeResponse, _stowage_agent_v1_DescribeResponse__Output>
        DirectoryKept: MessageTypeDefinition<_stowage_agent_v1_DirectoryKept, _stowage_agent_v1_DirectoryKept__Output>
        ExpandVolumeRequest: MessageTypeDefinition<_stowage_agent_v1_ExpandVolumeRequest, _stowage_agent_v1_ExpandVolumeRequest__Output>
        ExpandVolumeResponse: MessageTypeDefinition<_stowage_agent_v1_ExpandVolumeResponse, _stowage_agent_v1_ExpandVolumeResponse__Output>
        FindByNamesRequest: MessageTypeDefinition<_stowage_agent_v1_FindByNamesRequest, _stowage_agent_v1_FindByNamesRequest__Output>
        FindByNamesResponse: MessageTypeDefinition<_stowage_agent_v1_FindByNamesResponse, _stowage_agent_v1_FindByNamesResponse__Output>
        FindSnapshotRequest: MessageTypeDefinition<_stowage_agent_v1_FindSnapshotRequest, _stowage_agent_v1_FindSnapshotRequest__Output>
        FindSnapshotResponse: MessageTypeDefinition<_stowage_agent_v1_FindSnapshotResponse, _stowage_agent_v1_FindSnapshotResponse__Output>
        FindVolumeRequest: MessageTypeDefinition<_stowage_agent_v1_FindVolumeRequest, _stowage_agent_v1_FindVolumeRequest__Output>
        FindVolumeResponse: MessageTypeDefinition<_stowage_agent_v1_FindVolumeResponse, _stowage_agent_v1_FindVolumeResponse__Output>
        GetHealthRequest: MessageTypeDefinition<_stowage_agent_v1_GetHealthRequest, _stowage_agent_v1_GetHealthRequest__Output>
        GetHealthResponse: MessageTypeDefinition<_stowage_agent_v1_GetHealthResponse, _stowage_agent_v1_GetHealthResponse__Output>
        GetRoomRequest: MessageTypeDefinition<_stowage_agent_v1_GetRoomRequest, _stowage_agent_v1_GetRoomRequest__Output>
        GetRoomResponse: MessageTypeDefinition<_stowage_agent_v1_GetRoomResponse, _stowage_agent_v1_GetRoomResponse__Output>
        GetUsageRequest: MessageTypeDefinition<_stowage_agent_v1_GetUsageRequest, _stowage_agent_v1_GetUsageRequest__Output>
        GetUsageResponse: MessageTypeDefinition<_stowage_agent_v1_GetUsageResponse, _stowage_agent_v1_GetUsageResponse__Output>
        GetVolumeHealthRequest: MessageTypeDefinition<_stowage_agent_v1_GetVolumeHealthRequest, _stowage_agent_v1_GetVolumeHealthRequest__Output>
        GetVolumeHealthResponse: MessageTypeDefinition<_stowage_agent_v1_GetVolumeHealthResponse, _stowage_agent_v1_GetVolumeHealthResponse__Output>
        HealthStatus: MessageTypeDefinition<_stowage_agent_v1_HealthStatus, _stowage_agent_v1_HealthStatus__Output>
        ImageCopying: EnumTypeDefinition
        ImageKept: MessageTypeDefinition<_stowage_agent_v1_ImageKept, _stowage_agent_v1_ImageKept__Output>
        Isolation: EnumTypeDefinition
        Layout: EnumTypeDefinition
        ListSnapshotsRequest: MessageTypeDefinition<_stowage_agent_v1_ListSnapshotsRequest, _stowage_agent_v1_ListSnapshotsRequest__Output>
        ListSnapshotsResponse: MessageTypeDefinition<_stowage_agent_v1_ListSnapshotsResponse, _stowage_agent_v1_ListSnapshotsResponse__Output>
        ListVolumesRequest: MessageTypeDefinition<_stowage_agent_v1_ListVolumesRequest, _stowage_agent_v1_ListVolumesRequest__Output>
        ListVolumesResponse: MessageTypeDefinition<_stowage_agent_v1_ListVolumesResponse, _stowage_agent_v1_ListVolumesResponse__Output>
        NameAnswer: MessageTypeDefinition<_stowage_agent_v1_NameAnswer, _stowage_agent_v1_NameAnswer__Output>
        NameFailure: MessageTypeDefinition<_stowage_agent_v1_NameFailure, _stowage_agent_v1_NameFailure__Output>
        NameQuestion: MessageTypeDefinition<_stowage_agent_v1_NameQuestion, _stowage_agent_v1_NameQuestion__Output>
        OnDelete: EnumTypeDefinition
        OpenPool: MessageTypeDefinition<_stowage_agent_v1_OpenPool, _stowage_agent_v1_OpenPool__Output>
        Pool: MessageTypeDefinition<_stowage_agent_v1_Pool, _stowage_agent_v1_Pool__Output>
        PoolSettings: MessageTypeDefinition<_stowage_agent_v1_PoolSettings, _stowage_agent_v1_PoolSettings__Output>
        QuotaDemand: EnumTypeDefinition
        QuotaKind: EnumTypeDefinition
        SnapshotRecord: MessageTypeDefinition<_stowage_agent_v1_SnapshotRecord, _stowage_agent_v1_SnapshotRecord__Output>
        StoreAbilities: MessageTypeDefinition<_stowage_agent_v1_StoreAbilities, _stowage_agent_v1_StoreAbilities__Output>
        StoreRoom: MessageTypeDefinition<_stowage_agent_v1_StoreRoom, _stowage_agent_v1_StoreRoom__Output>
        TreeCopying: EnumTypeDefinition
        UnavailablePool: MessageTypeDefinition<_stowage_agent_v1_UnavailablePool, _stowage_agent_v1_UnavailablePool__Output>
        VolumeOwner: MessageTypeDefinition<_stowage_agent_v1_VolumeOwner, _stowage_agent_v1_VolumeOwner__Output>
        VolumeRecord: MessageTypeDefinition<_stowage_agent_v1_VolumeRecord, _stowage_agent_v1_VolumeRecord__Output>
      }
    }
  }
}

