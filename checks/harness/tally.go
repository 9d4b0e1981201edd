package harness

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Tally counts what passed and what failed, and prints each as it comes.
type Tally struct {
	Quiet bool // print failures only

	mutex          sync.Mutex
	passed, failed int
}

// Check notes one outcome; a nil error passes. It says whether it passed.
func (t *Tally) Check(what string, err error) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err != nil {
		t.failed++
		fmt.Printf("FAIL %s\n     %s\n", what, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n     "))
		return false
	}
	t.passed++
	if !t.Quiet {
		fmt.Println("ok  ", what)
	}
	return true
}

// Exit prints the closing line and ends the process: 0 when something passed and nothing failed.
func (t *Tally) Exit() {
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
	os.Exit(0)
}
