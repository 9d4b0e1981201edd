package supervise

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the system user that PostgreSQL runs as.
type account struct {
	uid, gid uint32
	name     string
	other    bool // another user than ours, so that a switch is needed
}

// clusterAccount decides who runs the cluster in dir, whose data folder may exist. PostgreSQL refuses to run as root, so
// root hands it to the owner of the data, to the owner of the folder, to postgres, or to nobody, whoever is the first
// that is not root.
func clusterAccount(dir, data string) (account, error) {
	if euid := os.Geteuid(); euid != 0 {
		return account{uid: uint32(euid), gid: uint32(os.Getegid()), name: strconv.Itoa(euid)}, nil
	}
	for _, path := range []string{data, dir, filepath.Dir(dir)} {
		if uid, gid, ok := owner(path); ok && uid != 0 {
			return account{uid: uid, gid: gid, name: strconv.Itoa(int(uid)), other: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid), name: name, other: true}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and this system has neither a user postgres nor nobody: " +
		"make one (useradd --system postgres), or start ibutsu as another user")
}

func owner(path string) (uid, gid uint32, ok bool) {
	info, err := os.Stat(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return 0, 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return st.Uid, st.Gid, true
}

// attributes gives the process attributes of a program that runs as the account, in a session of its own: an interrupt
// typed at the terminal is for us, and PostgreSQL is told when its turn comes.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.other {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// own makes the folder a private one of the account.
func (a account) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // as above
		return err
	}
	if a.other {
		if err := os.Chown(dir, int(a.uid), int(a.gid)); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a folder
}

// ownAll gives a whole tree to the account: a data folder that root has copied back belongs to root.
func (a account) ownAll(dir string) error {
	uid, _, ok := owner(dir)
	if !a.other || !ok || uid == a.uid {
		return nil
	}
	root, err := os.OpenRoot(dir) // nothing outside of it changes its owner, whatever links are in it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(path, int(a.uid), int(a.gid))
	})
}

// reaches says whether the account may walk to the folder by its path. Under /root it may not.
func (a account) reaches(dir string) bool {
	if !a.other {
		return true
	}
	for path := dir; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		search := fs.FileMode(0o001)
		switch {
		case st.Uid == a.uid:
			search = 0o100
		case st.Gid == a.gid:
			search = 0o010
		}
		if info.Mode().Perm()&search == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
}
