package gcp_test

import (
	"context"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// A service is Google's published SecretManagerService. Whoever calls has
// checked before that he may.
type service struct {
	pb.UnimplementedSecretManagerServiceServer

	mu      sync.Mutex
	secrets map[string]*secret
	now     time.Time
	damage  bool // of every value on its way
}

type secret struct {
	*pb.Secret
	versions []*pb.SecretVersion
	values   [][]byte
}

func castagnoli(data []byte) *int64 {
	sum := int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
	return &sum
}

func (s *service) find(name string) (*secret, error) {
	if held := s.secrets[name]; held != nil {
		return held, nil
	}
	return nil, status.Errorf(codes.NotFound, "Secret [%s] not found or has no versions.", name)
}

// version finds a version by number, alias, or as the latest.
func (s *service) version(name string) (*secret, *pb.SecretVersion, int, error) {
	parent, id, _ := strings.Cut(name, "/versions/")
	held, err := s.find(parent)
	if err != nil {
		return nil, nil, 0, err
	}
	number, err := strconv.Atoi(id)
	if alias, there := held.VersionAliases[id]; there {
		number, err = int(alias), nil
	}
	if id == "latest" {
		number, err = len(held.versions), nil
	}
	if err != nil || number < 1 || number > len(held.versions) {
		return nil, nil, 0, status.Errorf(codes.NotFound, "Secret Version [%s] not found.", name)
	}
	return held, held.versions[number-1], number, nil
}

func (s *service) CreateSecret(_ context.Context, r *pb.CreateSecretRequest) (*pb.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.GetParent() + "/secrets/" + r.GetSecretId()
	if s.secrets[name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Secret [%s] already exists.", name)
	}
	made := r.GetSecret()
	made.Name, made.CreateTime = name, timestamppb.New(s.now)
	s.secrets[name] = &secret{Secret: made}
	return made, nil
}

func (s *service) AddSecretVersion(_ context.Context, r *pb.AddSecretVersionRequest) (*pb.SecretVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.find(r.GetParent())
	if err != nil {
		return nil, err
	}
	added := &pb.SecretVersion{
		Name:  r.GetParent() + "/versions/" + strconv.Itoa(len(held.versions)+1),
		State: pb.SecretVersion_ENABLED, CreateTime: timestamppb.New(s.now),
	}
	held.versions, held.values = append(held.versions, added), append(held.values, slices.Clone(r.GetPayload().GetData()))
	return added, nil
}

func (s *service) AccessSecretVersion(_ context.Context, r *pb.AccessSecretVersionRequest) (*pb.AccessSecretVersionResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, version, number, err := s.version(r.GetName())
	if err != nil {
		return nil, err
	}
	if version.GetState() != pb.SecretVersion_ENABLED {
		return nil, status.Errorf(codes.FailedPrecondition, "Secret Version [%s] is in %s state.", version.GetName(), version.GetState())
	}
	data := slices.Clone(held.values[number-1])
	payload := &pb.SecretPayload{Data: data, DataCrc32C: castagnoli(data)}
	if s.damage {
		payload.Data = append(slices.Clone(data), '!')
	}
	return &pb.AccessSecretVersionResponse{Name: version.GetName(), Payload: payload}, nil
}

func (s *service) GetSecretVersion(_ context.Context, r *pb.GetSecretVersionRequest) (*pb.SecretVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, version, _, err := s.version(r.GetName())
	return version, err
}

func (s *service) GetSecret(_ context.Context, r *pb.GetSecretRequest) (*pb.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.find(r.GetName())
	if err != nil {
		return nil, err
	}
	return held.Secret, nil
}

// ListSecretVersions gives the newest first.
func (s *service) ListSecretVersions(_ context.Context, r *pb.ListSecretVersionsRequest) (*pb.ListSecretVersionsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.find(r.GetParent())
	if err != nil {
		return nil, err
	}
	from, err := strconv.Atoi("0" + r.GetPageToken())
	if err != nil || from > len(held.versions) {
		return nil, status.Error(codes.InvalidArgument, "The page token is not valid.")
	}
	newest := slices.Clone(held.versions)
	slices.Reverse(newest)
	to := len(newest)
	if size := int(r.GetPageSize()); size > 0 {
		to = min(to, from+size)
	}
	page := &pb.ListSecretVersionsResponse{Versions: newest[from:to], TotalSize: int32(len(newest))}
	if to < len(newest) {
		page.NextPageToken = strconv.Itoa(to)
	}
	return page, nil
}

func (s *service) set(name string, state pb.SecretVersion_State) (*pb.SecretVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, version, number, err := s.version(name)
	if err != nil {
		return nil, err
	}
	version.State = state
	if state == pb.SecretVersion_DESTROYED {
		version.DestroyTime, held.values[number-1] = timestamppb.New(s.now), nil
	}
	return version, nil
}

func (s *service) DisableSecretVersion(_ context.Context, r *pb.DisableSecretVersionRequest) (*pb.SecretVersion, error) {
	return s.set(r.GetName(), pb.SecretVersion_DISABLED)
}

func (s *service) DestroySecretVersion(_ context.Context, r *pb.DestroySecretVersionRequest) (*pb.SecretVersion, error) {
	return s.set(r.GetName(), pb.SecretVersion_DESTROYED)
}
