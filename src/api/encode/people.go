package encode

import "github.com/ibutsu/ibutsu-go/src/store"

// User appends a user.
func User(dst []byte, u *store.User) []byte { return append(user(dst, u), '}') }

// user appends a user without the end.
func user(dst []byte, u *store.User) []byte {
	dst = ID(append(dst, `{"id":`...), u.ID)
	dst = Text(append(dst, `,"email":`...), u.Email)
	dst = TextOrNull(append(dst, `,"name":`...), u.Name)
	dst = boolean(append(dst, `,"is_superadmin":`...), u.IsSuperadmin)
	dst = boolean(append(dst, `,"is_active":`...), u.IsActive)
	return IDOrNull(append(dst, `,"group_id":`...), u.GroupID)
}

func boolean(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// ProjectView is a project with what is shown of the rows around it.
type ProjectView struct {
	store.Project
	Members []store.User
	// Dashboard is the one that is shown first; nil for none.
	Dashboard *store.Dashboard
	// Owner is the owner, where that is shown; nil for none.
	Owner *store.User
}

// Project appends a project.
func Project(dst []byte, p *ProjectView) []byte {
	dst = ID(append(dst, `{"id":`...), p.ID)
	dst = TextOrNull(append(dst, `,"name":`...), p.Name)
	dst = TextOrNull(append(dst, `,"title":`...), p.Title)
	dst = IDOrNull(append(dst, `,"owner_id":`...), p.OwnerID)
	dst = IDOrNull(append(dst, `,"group_id":`...), p.GroupID)
	dst = IDOrNull(append(dst, `,"default_dashboard_id":`...), p.DefaultDashboardID)
	dst = array(append(dst, `,"users":`...), p.Members, User)
	if p.Dashboard != nil {
		dst = dashboard(append(dst, `,"defaultDashboard":`...), p.Dashboard)
	}
	if p.Owner != nil {
		dst = User(append(dst, `,"owner":`...), p.Owner)
	}
	return append(dst, '}')
}

func dashboard(dst []byte, d *store.Dashboard) []byte {
	dst = ID(append(dst, `{"id":`...), d.ID)
	dst = TextOrNull(append(dst, `,"title":`...), d.Title)
	dst = TextOrNull(append(dst, `,"description":`...), d.Description)
	dst = textOrEmpty(append(dst, `,"filters":`...), d.Filters)
	dst = IDOrNull(append(dst, `,"project_id":`...), d.ProjectID)
	dst = IDOrNull(append(dst, `,"user_id":`...), d.UserID)
	return append(dst, '}')
}

// UserView is a user with the projects that list them.
type UserView struct {
	store.User
	Projects []ProjectView
}

// UserWithProjects appends a user with their projects.
func UserWithProjects(dst []byte, u *UserView) []byte {
	dst = array(append(user(dst, &u.User), `,"projects":`...), u.Projects, Project)
	return append(dst, '}')
}

// Group appends a group.
func Group(dst []byte, g *store.Group) []byte {
	dst = ID(append(dst, `{"id":`...), g.ID)
	dst = TextOrNull(append(dst, `,"name":`...), g.Name)
	dst = Object(append(dst, `,"metadata":`...), g.Data)
	return append(dst, '}')
}

// Token appends a token, whole: the page shows it to its user. One of which only the hash is kept is empty.
func Token(dst []byte, t *store.Token) []byte {
	dst = ID(append(dst, `{"id":`...), t.ID)
	dst = Text(append(dst, `,"name":`...), t.Name)
	text := t.Token
	if t.Hidden() {
		text = ""
	}
	dst = Text(append(dst, `,"token":`...), text)
	dst = append(dst, `,"expires":`...)
	if t.Expires == nil {
		dst = append(dst, "null"...)
	} else {
		dst = Time(dst, *t.Expires)
	}
	dst = IDOrNull(append(dst, `,"user_id":`...), t.UserID)
	return append(dst, '}')
}

func array[T any](dst []byte, rows []T, row func([]byte, *T) []byte) []byte {
	dst = append(dst, '[')
	for i := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = row(dst, &rows[i])
	}
	return append(dst, ']')
}

// ProjectList appends a page of projects.
func ProjectList(dst []byte, rows []ProjectView, page, pageSize int, total int64) []byte {
	return list(dst, "projects", rows, Project, page, pageSize, total)
}

// UserList appends a page of users.
func UserList(dst []byte, rows []UserView, page, pageSize int, total int64) []byte {
	return list(dst, "users", rows, UserWithProjects, page, pageSize, total)
}

// GroupList appends a page of groups.
func GroupList(dst []byte, rows []store.Group, page, pageSize int, total int64) []byte {
	return list(dst, "groups", rows, Group, page, pageSize, total)
}

// TokenList appends a page of tokens.
func TokenList(dst []byte, rows []store.Token, page, pageSize int, total int64) []byte {
	return list(dst, "tokens", rows, Token, page, pageSize, total)
}
