package auth

import (
	"errors"

	"github.com/google/uuid"
)

var (
	// ErrUnauthenticated means that the operation needs a token, and none that is valid came.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrForbidden means that the caller may not do this.
	ErrForbidden = errors.New("forbidden")
)

// Rule says who may do an operation. The zero value lets nobody.
type Rule int

// The rules.
const (
	// Nobody is the rule of operations that the table does not know.
	Nobody Rule = iota
	// Anyone needs no token.
	Anyone
	// SignedIn is any active user.
	SignedIn
	// Superadmins only.
	Superadmins
	// Listed is any active user, who sees what is in the scope of Identity.Scope.
	Listed
	// ReadsProject is everybody in the object's project: owners, members and readers. An object without a project is the
	// superadmins' alone.
	ReadsProject
	// ReadsProjectIfAny is ReadsProject, and any active user for objects without a project.
	ReadsProjectIfAny
	// WritesProject is the owners and members of the object's project, not its readers.
	WritesProject
	// WritesProjectIfAny is WritesProject, and any active user for objects without a project.
	WritesProjectIfAny
	// WritesProjectOrMaker is WritesProject, and whoever made it for objects without a project.
	WritesProjectOrMaker
	// ProjectOwner is the owners of the project.
	ProjectOwner
	// ProjectOwnerOrOwn is the owners of the project, and whom the object belongs to.
	ProjectOwnerOrOwn
	// Own is whom the object belongs to, and nobody else.
	Own
	// OwnOrSuperadmin is whom the object belongs to, and superadmins.
	OwnOrSuperadmin
	// InGroup is the users of the group.
	InGroup
)

// Table is what is allowed: a rule for each operation of the API, by the name that the contract gives it.
type Table map[string]Rule

// Permissions is the table of this server, and the only place where it is decided who may do what.
func Permissions() Table {
	return Table{
		"get_run_list": Listed, "add_run": WritesProject, "get_run": ReadsProject, "update_run": WritesProject, "bulk_update": Listed,
		"export_run": ReadsProject, "delete_run": ProjectOwner,
		"get_result_list": Listed, "add_result": WritesProject, "get_result": ReadsProject, "update_result": WritesProject, "update_results": WritesProject,
		"get_artifact_list": Listed, "upload_artifact": WritesProject, "get_artifact": ReadsProject, "delete_artifact": WritesProject,
		"view_artifact": ReadsProject, "download_artifact": ReadsProject,

		"get_triage": ReadsProject, "get_failure_groups": ReadsProject, "get_test_history": ReadsProject, "get_flaky_tests": ReadsProject,
		"get_comparison": ReadsProject, "get_test_list": ReadsProject, "get_field_values": ReadsProject, "get_run_files": ReadsProject,
		"get_import_list": Listed, "add_import": WritesProjectIfAny, "get_import": ReadsProjectIfAny,
		"get_import_log": ReadsProject, "retry_import": WritesProjectOrMaker, "cancel_import": WritesProjectOrMaker,
		"get_task": OwnOrSuperadmin,

		"get_project_list": Listed, "add_project": SignedIn, "get_project": ReadsProject, "update_project": ProjectOwner,
		"get_filter_params": ReadsProject, "get_project_events": ReadsProject, "search_project": ReadsProject,
		"get_member_list": ReadsProject, "add_member": ProjectOwner, "update_member": ProjectOwner, "delete_member": ProjectOwnerOrOwn,
		"get_group_list": SignedIn, "add_group": SignedIn, "get_group": SignedIn, "update_group": InGroup,

		"get_dashboard_list": Listed, "add_dashboard": WritesProjectIfAny, "get_dashboard": ReadsProjectIfAny,
		"update_dashboard": WritesProjectIfAny, "delete_dashboard": WritesProjectOrMaker,
		"get_widget_types": SignedIn, "get_widget": Listed,
		"get_widget_config_list": Listed, "add_widget_config": WritesProjectIfAny, "get_widget_config": ReadsProjectIfAny,
		"update_widget_config": WritesProjectIfAny, "delete_widget_config": WritesProjectIfAny,

		"get_health": Anyone, "get_database_health": SignedIn, "get_health_info": SignedIn,

		"login": Anyone, "support": Anyone, "config": Anyone, "auth": Anyone, "register": Anyone, "recover": Anyone,
		"reset_password": Anyone, "activate": Anyone, "start_sign_in": Anyone, "redeem_ticket": Anyone,
		"get_current_user": SignedIn, "update_current_user": SignedIn,
		"get_token_list": SignedIn, "add_token": SignedIn, "get_token": Own, "delete_token": Own,
		"get_session_list": SignedIn, "delete_sessions": SignedIn, "delete_session": SignedIn, "get_token_use_list": SignedIn,
		"get_preferences": SignedIn, "update_preferences": SignedIn, "get_about": SignedIn,

		"admin_get_user_list": Superadmins, "admin_add_user": Superadmins, "admin_get_user": Superadmins,
		"admin_update_user": Superadmins, "admin_delete_user": Superadmins,
		"admin_get_project_list": Superadmins, "admin_add_project": Superadmins, "admin_get_project": Superadmins,
		"admin_update_project": Superadmins, "admin_delete_project": Superadmins,
		"admin_get_session_list": Superadmins, "admin_delete_sessions": Superadmins, "admin_get_audit_list": Superadmins,
		"admin_get_token_list": Superadmins, "admin_delete_token": Superadmins,
		"run_task": Superadmins,

		"get_run_pin": ReadsProject, "pin_run": WritesProject, "unpin_run": WritesProject,
		"admin_get_retention": Superadmins, "admin_preview_retention": Superadmins, "admin_set_retention": Superadmins,
		"admin_delete_retention": Superadmins,
		"admin_get_queue_list":   Superadmins, "admin_update_queue": Superadmins,
		"admin_get_job_list": Superadmins, "admin_get_job": Superadmins, "admin_delete_job": Superadmins,
		"admin_retry_job": Superadmins, "admin_cancel_job": Superadmins,
		"admin_get_worker_list": Superadmins, "admin_get_schedule_list": Superadmins, "admin_update_schedule": Superadmins,
		"admin_run_schedule": Superadmins, "admin_get_task_list": Superadmins, "admin_start_task": Superadmins,
		"admin_get_storage": Superadmins, "admin_get_log_level": Superadmins, "admin_set_log_level": Superadmins, "admin_get_profile": Superadmins,
	}
}

// Object is what an operation is about. What a rule does not ask for may be left out.
type Object struct {
	// Project is the object's project, nil for none; Owner is the owner of that project.
	Project, Owner *uuid.UUID
	// User is whom the object belongs to, or who made it.
	User *uuid.UUID
	// Group is the group itself.
	Group *uuid.UUID
}

// Enter says whether the caller, nil for one without a token, may start the operation at all. It comes before anything is
// read; where the rule depends on an object, Allow comes after.
func (t Table) Enter(operation string, who *Identity) error {
	switch rule := t[operation]; {
	case rule == Nobody:
		return ErrForbidden
	case rule == Anyone:
		return nil
	case who == nil:
		return ErrUnauthenticated
	case rule == Superadmins && !who.Superadmin:
		return ErrForbidden
	}
	return nil
}

// Allow says whether the caller may do the operation to the object.
func (t Table) Allow(operation string, who *Identity, o Object) error {
	if err := t.Enter(operation, who); err != nil {
		return err
	}
	if !t[operation].allows(who, o) {
		return ErrForbidden
	}
	return nil
}

func (r Rule) allows(who *Identity, o Object) bool {
	switch r {
	case Anyone, SignedIn:
		return true
	case Superadmins:
		return who.Superadmin
	case Listed, ReadsProject:
		return who.CanRead(o.Project)
	case ReadsProjectIfAny:
		return o.Project == nil || who.CanRead(o.Project)
	case WritesProject:
		return who.CanWrite(o.Project)
	case WritesProjectIfAny:
		return o.Project == nil || who.CanWrite(o.Project)
	case WritesProjectOrMaker:
		return who.CanWrite(o.Project) || o.Project == nil && who.is(o.User)
	case ProjectOwner:
		return who.ownsObject(o)
	case ProjectOwnerOrOwn:
		return who.ownsObject(o) || who.is(o.User)
	case Own:
		return who.is(o.User)
	case OwnOrSuperadmin:
		return who.Superadmin || who.is(o.User)
	case InGroup:
		return who.Superadmin || o.Group != nil && who.GroupID != nil && *who.GroupID == *o.Group
	case Nobody:
	}
	return false
}

func (i *Identity) is(user *uuid.UUID) bool { return user != nil && *user == i.UserID }

// ownsObject says whether the user is the project's owner, now or by a role.
func (i *Identity) ownsObject(o Object) bool {
	return i.Superadmin || i.is(o.Owner) || o.Project != nil && i.owns(*o.Project)
}
