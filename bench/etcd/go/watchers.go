// Watchers of one key by the official client, as careful as they can be: read, then watch from the
// revision after the read one, on a connection of their own. Prints "ready", waits until standard
// input ends, and prints what each saw: watcher, revision, nanoseconds since 1970.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

type sight struct{ revision, at int64 }

// Follows the key until the context ends; calls ready once the watch is confirmed.
func follow(ctx context.Context, client *clientv3.Client, key string, ready func()) (seen []sight) {
	for ctx.Err() == nil {
		read, err := client.Get(ctx, key)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		from := clientv3.WithRev(read.Header.Revision + 1)
		for answer := range client.Watch(ctx, key, from, clientv3.WithCreatedNotify()) {
			now := time.Now().UnixNano()
			if answer.Created {
				ready()
			}
			for _, event := range answer.Events {
				seen = append(seen, sight{event.Kv.ModRevision, now})
			}
		}
	}
	return seen
}

func watch(endpoint, key string, count int) {
	ctx, stop := context.WithCancel(clientv3.WithRequireLeader(context.Background()))
	seen := make([][]sight, count)
	ready := make(chan bool, count)
	var running sync.WaitGroup
	for i := range count {
		client := connect(endpoint)
		running.Go(func() { seen[i] = follow(ctx, client, key, func() { ready <- true }) })
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
