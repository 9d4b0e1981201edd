// Package proto holds the contracts that processes of Ibutsu speak with each other, and what protoc makes of them.
package proto

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative module.proto importer.proto
