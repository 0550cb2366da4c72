// Watchers of one key by the official client, as careful as they can be: read, then watch from the
// revision after the read one, on a connection of their own. Prints "ready", waits until standard
// input ends, and prints what each saw: watcher, revision, nanoseconds since 1970. A revision is seen
// when its value is there, or, if they decode, when it can be used: decoded and published.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

type sight struct{ revision, at int64 }

// What the benchmark's document has.
type document struct {
	Directives []struct {
		ID       string `json:"id"`
		Tenant   string `json:"tenant"`
		Endpoint string `json:"endpoint"`
		Level    string `json:"level"`
		TTLSecs  int64  `json:"ttl_secs"`
		Reason   string `json:"reason"`
	} `json:"directives"`
}

// The document in force, as a Go program would keep it for its requests.
type snapshot struct{ atomic.Pointer[document] }

func (s *snapshot) publish(value []byte) {
	decoded := new(document)
	if json.Unmarshal(value, decoded) == nil {
		s.Store(decoded)
	}
}

// Follows the key until the context ends; calls ready once the watch is confirmed.
func follow(ctx context.Context, client *clientv3.Client, key string, decode bool,
	ready func()) (seen []sight) {
	var inForce snapshot
	for ctx.Err() == nil {
		read, err := client.Get(ctx, key)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		from := clientv3.WithRev(read.Header.Revision + 1)
		for response := range client.Watch(ctx, key, from, clientv3.WithCreatedNotify()) {
			if response.Created {
				ready()
			}
			for _, event := range response.Events {
				if decode {
					inForce.publish(event.Kv.Value)
				}
				seen = append(seen, sight{event.Kv.ModRevision, time.Now().UnixNano()})
			}
		}
	}
	return seen
}

func watch(endpoint, key string, count int, decode bool) {
	ctx, stop := context.WithCancel(clientv3.WithRequireLeader(context.Background()))
	seen := make([][]sight, count)
	ready := make(chan bool, count)
	var running sync.WaitGroup
	for i := range count {
		client := connect(endpoint)
		running.Go(func() { seen[i] = follow(ctx, client, key, decode, func() { ready <- true }) })
		<-ready
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	stop()
	running.Wait()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i, sights := range seen {
		for _, one := range sights {
			fmt.Fprintln(out, i, one.revision, one.at)
		}
	}
}
