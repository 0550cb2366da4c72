// The official client's part of the benchmark (scripts/bench_etcd):
//
//	etcd_go watch ENDPOINT KEY COUNT              COUNT watchers, each with its own connection
//	etcd_go decode ENDPOINT KEY COUNT             the same, which decode and publish the document
//	etcd_go put ENDPOINT KEY COUNT PAUSE_MS FILE  puts the document in FILE so many times
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func connect(endpoint string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            []string{endpoint},
		DialTimeout:          5 * time.Second,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 5 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// Prints of each put: revision, nanoseconds since 1970 before it, and after its acknowledgement.
func put(endpoint, key string, count int, pause time.Duration, file string) {
	document, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	client := connect(endpoint)
	for range count {
		time.Sleep(pause)
		began := time.Now().UnixNano()
		response, err := client.Put(context.Background(), key, string(document))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(response.Header.Revision, began, time.Now().UnixNano())
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	switch {
	case len(os.Args) == 5 && (os.Args[1] == "watch" || os.Args[1] == "decode"):
		watch(os.Args[2], os.Args[3], number(os.Args[4]), os.Args[1] == "decode")
	case len(os.Args) == 7 && os.Args[1] == "put":
		pause := time.Duration(number(os.Args[5])) * time.Millisecond
		put(os.Args[2], os.Args[3], number(os.Args[4]), pause, os.Args[6])
	default:
		log.Fatal("usage: etcd_go watch|decode ENDPOINT KEY COUNT | put ENDPOINT KEY COUNT PAUSE_MS FILE")
	}
}
