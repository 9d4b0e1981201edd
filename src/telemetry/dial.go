package telemetry

import (
	"sync"
	"time"
)

// Dial turns the level of a process's log while it runs: for a while, or until the settings are read again.
type Dial struct {
	level *Level
	tell  func(level string)

	mutex      sync.Mutex
	configured string
	until      time.Time // zero: it stays
	back       *time.Timer
}

// DialState is how a dial stands.
type DialState struct {
	Level, Configured string
	Until             time.Time // zero: it stays
}

// NewDial makes the dial of a level that stands as the settings say. tell hears of each change, for the processes that
// belong to this one: "" means what their own settings say. It may be nil.
func NewDial(level *Level, tell func(level string)) *Dial {
	if tell == nil {
		tell = func(string) {}
	}
	return &Dial{level: level, configured: level.String(), tell: tell}
}

// State is how it stands.
func (d *Dial) State() DialState {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return DialState{Level: d.level.String(), Configured: d.configured, Until: d.until}
}

// Turn changes the level, for so long; 0 is until somebody turns it again.
func (d *Dial) Turn(level string, lasting time.Duration, now time.Time) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.level.Set(level); err != nil {
		return err
	}
	d.still()
	if lasting > 0 {
		d.until = now.Add(lasting)
		var this *time.Timer
		this = time.AfterFunc(lasting, func() { d.turnBack(this) })
		d.back = this
	}
	d.tell(level)
	return nil
}

// still stops what would turn it back. The mutex is held.
func (d *Dial) still() {
	if d.back != nil {
		d.back.Stop()
	}
	d.back, d.until = nil, time.Time{}
}

// turnBack does so unless somebody has turned the dial since this was planned.
func (d *Dial) turnBack(planned *time.Timer) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.back != planned {
		return
	}
	d.still()
	_ = d.level.Set(d.configured) // it was checked
	d.tell(d.configured)
}

// Configure sets it to what settings say that were read again; who else follows them gets them, too.
func (d *Dial) Configure(level string) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.level.Set(level); err != nil {
		return err
	}
	d.still()
	d.configured = level
	d.tell("")
	return nil
}
