package api

import (
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// unready holds the operations of the contract that this server does not offer. One that a file of its own implements on
// Server goes before the one here.
type unready struct{}

func notReady(c *fiber.Ctx) error {
	return problem(http.StatusNotImplemented, "This server does not offer the operation")
}

func (unready) AdminGetProjectList(c *fiber.Ctx, _ contract.AdminGetProjectListParams) error {
	return notReady(c)
}
func (unready) AdminAddProject(c *fiber.Ctx) error                   { return notReady(c) }
func (unready) AdminDeleteProject(c *fiber.Ctx, _ contract.Id) error { return notReady(c) }
func (unready) AdminGetProject(c *fiber.Ctx, _ contract.Id) error    { return notReady(c) }
func (unready) AdminUpdateProject(c *fiber.Ctx, _ contract.Id) error { return notReady(c) }
func (unready) AdminGetUserList(c *fiber.Ctx, _ contract.AdminGetUserListParams) error {
	return notReady(c)
}
func (unready) AdminAddUser(c *fiber.Ctx) error                     { return notReady(c) }
func (unready) AdminDeleteUser(c *fiber.Ctx, _ contract.Id) error   { return notReady(c) }
func (unready) AdminGetUser(c *fiber.Ctx, _ contract.PlainId) error { return notReady(c) }
func (unready) AdminUpdateUser(c *fiber.Ctx, _ contract.Id) error   { return notReady(c) }
func (unready) GetDashboardList(c *fiber.Ctx, _ contract.GetDashboardListParams) error {
	return notReady(c)
}
func (unready) AddDashboard(c *fiber.Ctx) error                                { return notReady(c) }
func (unready) DeleteDashboard(c *fiber.Ctx, _ contract.Id) error              { return notReady(c) }
func (unready) GetDashboard(c *fiber.Ctx, _ contract.Id) error                 { return notReady(c) }
func (unready) UpdateDashboard(c *fiber.Ctx, _ contract.Id) error              { return notReady(c) }
func (unready) GetGroupList(c *fiber.Ctx, _ contract.GetGroupListParams) error { return notReady(c) }
func (unready) AddGroup(c *fiber.Ctx) error                                    { return notReady(c) }
func (unready) GetGroup(c *fiber.Ctx, _ contract.Id) error                     { return notReady(c) }
func (unready) UpdateGroup(c *fiber.Ctx, _ contract.Id) error                  { return notReady(c) }
func (unready) Login(c *fiber.Ctx) error                                       { return notReady(c) }
func (unready) Activate(c *fiber.Ctx, _ string) error                          { return notReady(c) }
func (unready) Auth(c *fiber.Ctx, _ contract.Provider, _ contract.AuthParams) error {
	return notReady(c)
}
func (unready) Config(c *fiber.Ctx, _ contract.Provider) error { return notReady(c) }
func (unready) Recover(c *fiber.Ctx) error                     { return notReady(c) }
func (unready) Register(c *fiber.Ctx) error                    { return notReady(c) }
func (unready) ResetPassword(c *fiber.Ctx) error               { return notReady(c) }
func (unready) Support(c *fiber.Ctx) error                     { return notReady(c) }
func (unready) GetProjectList(c *fiber.Ctx, _ contract.GetProjectListParams) error {
	return notReady(c)
}
func (unready) AddProject(c *fiber.Ctx) error                                  { return notReady(c) }
func (unready) GetFilterParams(c *fiber.Ctx, _ contract.PlainId) error         { return notReady(c) }
func (unready) GetProject(c *fiber.Ctx, _ contract.PlainId) error              { return notReady(c) }
func (unready) UpdateProject(c *fiber.Ctx, _ contract.Id) error                { return notReady(c) }
func (unready) GetCurrentUser(c *fiber.Ctx) error                              { return notReady(c) }
func (unready) UpdateCurrentUser(c *fiber.Ctx) error                           { return notReady(c) }
func (unready) GetTokenList(c *fiber.Ctx, _ contract.GetTokenListParams) error { return notReady(c) }
func (unready) AddToken(c *fiber.Ctx) error                                    { return notReady(c) }
func (unready) DeleteToken(c *fiber.Ctx, _ contract.PlainId) error             { return notReady(c) }
func (unready) GetToken(c *fiber.Ctx, _ contract.PlainId) error                { return notReady(c) }
func (unready) GetWidgetConfigList(c *fiber.Ctx, _ contract.GetWidgetConfigListParams) error {
	return notReady(c)
}
func (unready) AddWidgetConfig(c *fiber.Ctx) error                   { return notReady(c) }
func (unready) DeleteWidgetConfig(c *fiber.Ctx, _ contract.Id) error { return notReady(c) }
func (unready) GetWidgetConfig(c *fiber.Ctx, _ contract.Id) error    { return notReady(c) }
func (unready) UpdateWidgetConfig(c *fiber.Ctx, _ contract.Id) error { return notReady(c) }
func (unready) GetWidgetTypes(c *fiber.Ctx, _ contract.GetWidgetTypesParams) error {
	return notReady(c)
}
func (unready) GetWidget(c *fiber.Ctx, _ string, _ contract.GetWidgetParams) error {
	return notReady(c)
}
