package story

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/wiki"
	"github.com/pailforge/pail/internal/workspace"
)

// example is how an operation is called so that it succeeds. Every operation that is served has one.
type example struct {
	params map[string]string // beside the usual ones
	query  string
	body   any
	before func(*pailtest.World) // makes what the call needs
	public bool                  // answers anonymous callers too

	by func(*pailtest.World) pailtest.Credential // of operations that take no scopes: who may call them
}

var examples = map[string]example{
	"GET /user":                  {},
	"GET /user/emails":           {},
	"GET /user/emails/{email}":   {params: map[string]string{"email": "admin@acme.example"}},
	"GET /users/{selected_user}": {public: true},

	"GET /users/{selected_user}/ssh-keys":             {params: sshKey, before: sshKeyOfAdmin},
	"POST /users/{selected_user}/ssh-keys":            {params: sshKey, before: noSSHKeys, query: "expires_on=2030-01-02T03:04:05Z", body: sshKeyBody},
	"GET /users/{selected_user}/ssh-keys/{key_id}":    {params: sshKey, before: sshKeyOfAdmin},
	"PUT /users/{selected_user}/ssh-keys/{key_id}":    {params: sshKey, before: sshKeyOfAdmin, body: `{"label":"Another"}`},
	"DELETE /users/{selected_user}/ssh-keys/{key_id}": {params: sshKey, before: sshKeyOfAdmin},

	"GET /users/{selected_user}/gpg-keys":                  {params: gpgKey, before: gpgKeyOfAdmin},
	"POST /users/{selected_user}/gpg-keys":                 {params: gpgKey, before: noGPGKeys, body: gpgKeyBody},
	"GET /users/{selected_user}/gpg-keys/{fingerprint}":    {params: gpgKey, before: gpgKeyOfAdmin},
	"DELETE /users/{selected_user}/gpg-keys/{fingerprint}": {params: gpgKey, before: gpgKeyOfAdmin},

	"GET /user/workspaces":                                             {},
	"GET /user/workspaces/{workspace}/permission":                      {},
	"GET /user/workspaces/{workspace}/permissions/repositories":        {},
	"GET /workspaces/{workspace}":                                      {},
	"GET /workspaces/{workspace}/members":                              {},
	"GET /workspaces/{workspace}/members/{member}":                     {params: map[string]string{"member": "acme-member"}},
	"GET /workspaces/{workspace}/permissions":                          {},
	"GET /workspaces/{workspace}/permissions/repositories":             {},
	"GET /workspaces/{workspace}/permissions/repositories/{repo_slug}": {},
	"GET /workspaces/{workspace}/projects":                             {},
	"POST /workspaces/{workspace}/projects":                            {body: `{"key":"NEW","name":"New","is_private":true,"unknown":[1]}`},

	"GET /workspaces/{workspace}/projects/{project_key}":    {},
	"PUT /workspaces/{workspace}/projects/{project_key}":    {body: `{"name":"Renamed"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}": {params: map[string]string{"project_key": "GONE"}, before: spareProject},

	"GET /workspaces/{workspace}/projects/{project_key}/default-reviewers":                    {},
	"GET /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}":    {before: reviewer},
	"PUT /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}":    {},
	"DELETE /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}": {before: reviewer},

	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups":                      {},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":         {},
	"PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":         {body: `{"permission":"create-repo"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":      {params: map[string]string{"group_slug": "spare"}, before: spareGroup},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/users":                       {},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}":    {before: userGrant},
	"PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}":    {body: `{"permission":"read"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}": {before: userGrant},

	"GET /repositories/{workspace}":                {},
	"GET /repositories/{workspace}/{repo_slug}":    {},
	"POST /repositories/{workspace}/{repo_slug}":   {params: map[string]string{"repo_slug": "made"}, body: `{"scm":"git","is_private":true,"project":{"key":"FTO"}}`},
	"PUT /repositories/{workspace}/{repo_slug}":    {body: `{"description":"What widgets are made of"}`},
	"DELETE /repositories/{workspace}/{repo_slug}": {params: map[string]string{"repo_slug": "gone"}, before: func(w *pailtest.World) { w.NewRepository("gone") }},

	"GET /repositories/{workspace}/{repo_slug}/forks":    {},
	"POST /repositories/{workspace}/{repo_slug}/forks":   {body: `{"name":"Forked widgets"}`},
	"GET /repositories/{workspace}/{repo_slug}/watchers": {},

	"GET /repositories/{workspace}/{repo_slug}/permissions-config/groups":                      {},
	"GET /repositories/{workspace}/{repo_slug}/permissions-config/groups/{group_slug}":         {},
	"PUT /repositories/{workspace}/{repo_slug}/permissions-config/groups/{group_slug}":         {body: `{"permission":"write"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/permissions-config/groups/{group_slug}":      {},
	"GET /repositories/{workspace}/{repo_slug}/permissions-config/users":                       {},
	"GET /repositories/{workspace}/{repo_slug}/permissions-config/users/{selected_user_id}":    {},
	"PUT /repositories/{workspace}/{repo_slug}/permissions-config/users/{selected_user_id}":    {body: `{"permission":"read"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/permissions-config/users/{selected_user_id}": {},

	"GET /repositories/{workspace}/{repo_slug}/commits":                              {},
	"POST /repositories/{workspace}/{repo_slug}/commits":                             {},
	"GET /repositories/{workspace}/{repo_slug}/commits/{revision}":                   {params: map[string]string{"revision": "feature/one"}},
	"POST /repositories/{workspace}/{repo_slug}/commits/{revision}":                  {params: map[string]string{"revision": "v1.0"}},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}":                      {params: map[string]string{"commit": "main"}},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses":             {params: onMain},
	"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build":      {params: onMain, body: `{"key":"ci","state":"INPROGRESS","url":"https://ci.example/{commit.hash}"}`},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build/{key}": {params: status, before: statusOfMain},
	"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build/{key}": {params: status, before: statusOfMain, body: `{"state":"FAILED"}`},

	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports":                                          {params: onMain},
	"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}":                               {params: report, body: reportBody},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}":                               {params: report, before: reportOfMain},
	"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}":                            {params: report, before: reportOfMain},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations":                   {params: report, before: reportOfMain},
	"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations":                  {params: report, before: reportOfMain, body: `[{"external_id":"1","annotation_type":"BUG","summary":"Off by one","path":"file.txt","line":1}]`},
	"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}":    {params: report, before: reportOfMain, body: `{"annotation_type":"BUG","summary":"Off by one","severity":"HIGH"}`},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}":    {params: report, before: annotationOfMain},
	"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}": {params: report, before: annotationOfMain},

	"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/approve":                 {params: onMain},
	"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/approve":               {params: onMain},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/comments":                 {params: onMain},
	"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/comments":                {params: onMain, body: `{"content":{"raw":"Why?"},"inline":{"path":"file.txt","to":1}}`},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}":    {params: onMain, before: commentOnMain},
	"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}":    {params: onMain, before: commentOnMain, body: `{"content":{"raw":"How?"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}": {params: onMain, before: commentOnMain},

	"GET /repositories/{workspace}/{repo_slug}/wiki":                {before: wikiPage},
	"GET /repositories/{workspace}/{repo_slug}/wiki/{page}":         {params: homePage, before: wikiPage},
	"PUT /repositories/{workspace}/{repo_slug}/wiki/{page}":         {params: map[string]string{"page": "docs/New.md"}, before: noNewPage, body: `{"content":{"raw":"# New"},"message":"Say more"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/wiki/{page}":      {params: homePage, before: wikiPage},
	"GET /repositories/{workspace}/{repo_slug}/wiki-history/{page}": {params: homePage, before: wikiPage},
	"GET /repositories/{workspace}/{repo_slug}/wiki-diff/{page}":    {params: homePage, before: wikiPage},

	"GET /repositories/{workspace}/{repo_slug}/issues":                                     {before: oneIssue},
	"POST /repositories/{workspace}/{repo_slug}/issues":                                    {before: labels, body: issueBody},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}":                          {before: oneIssue},
	"PUT /repositories/{workspace}/{repo_slug}/issues/{issue_id}":                          {before: oneIssue, body: `{"title":"Another","state":"on hold","component":null,"assignee":{"username":"acme-admin"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}":                       {before: oneIssue},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments":              {before: attachedIssue},
	"POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments":             {before: oneIssue, body: artifact},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments/{path}":       {params: map[string]string{"path": "widget.tar"}, before: attachedIssue},
	"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments/{path}":    {params: map[string]string{"path": "widget.tar"}, before: attachedIssue},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/changes":                  {before: changedIssue},
	"POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/changes":                 {before: oneIssue, body: `{"changes":{"state":{"new":"resolved"},"assignee":{"new":null}},"message":{"raw":"Done"}}`},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/changes/{change_id}":      {before: changedIssue},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments":                 {before: changedIssue},
	"POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments":                {before: oneIssue, body: `{"content":{"raw":"Why?"}}`},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments/{comment_id}":    {before: changedIssue},
	"PUT /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments/{comment_id}":    {before: changedIssue, body: `{"content":{"raw":"How?"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments/{comment_id}": {before: changedIssue},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/vote":                     {before: votedIssue},
	"PUT /repositories/{workspace}/{repo_slug}/issues/{issue_id}/vote":                     {before: oneIssue},
	"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}/vote":                  {before: votedIssue},
	"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/watch":                    {before: oneIssue},
	"PUT /repositories/{workspace}/{repo_slug}/issues/{issue_id}/watch":                    {before: oneIssue},
	"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}/watch":                 {before: oneIssue},
	"GET /repositories/{workspace}/{repo_slug}/components":                                 {before: labels},
	"GET /repositories/{workspace}/{repo_slug}/components/{component_id}":                  {before: labels},
	"GET /repositories/{workspace}/{repo_slug}/milestones":                                 {before: labels},
	"GET /repositories/{workspace}/{repo_slug}/milestones/{milestone_id}":                  {params: map[string]string{"milestone_id": "2"}, before: labels},
	"GET /repositories/{workspace}/{repo_slug}/versions":                                   {before: labels},
	"GET /repositories/{workspace}/{repo_slug}/versions/{version_id}":                      {params: map[string]string{"version_id": "3"}, before: labels},

	"POST /repositories/{workspace}/{repo_slug}/issues/export":                                 {before: noJobs, body: `{"type":"export_options","send_email":false,"include_attachments":true}`},
	"GET /repositories/{workspace}/{repo_slug}/issues/export/{repo_name}-issues-{task_id}.zip": {params: exported, before: exportedIssues},
	"POST /repositories/{workspace}/{repo_slug}/issues/import":                                 {before: noJobs, body: archiveForm},
	"GET /repositories/{workspace}/{repo_slug}/issues/import":                                  {before: importedIssues},

	"GET /repositories/{workspace}/{repo_slug}/branching-model":                   {},
	"GET /repositories/{workspace}/{repo_slug}/effective-branching-model":         {},
	"GET /repositories/{workspace}/{repo_slug}/branching-model/settings":          {},
	"PUT /repositories/{workspace}/{repo_slug}/branching-model/settings":          {body: `{"production":{"enabled":true,"use_mainbranch":true},"branch_types":[{"kind":"hotfix","enabled":false}]}`},
	"GET /workspaces/{workspace}/projects/{project_key}/branching-model":          {},
	"GET /workspaces/{workspace}/projects/{project_key}/branching-model/settings": {},
	"PUT /workspaces/{workspace}/projects/{project_key}/branching-model/settings": {body: `{"development":{"name":"develop"}}`},
	"GET /repositories/{workspace}/{repo_slug}/override-settings":                 {},
	"PUT /repositories/{workspace}/{repo_slug}/override-settings":                 {body: `{"override_settings":{"branching_model":true}}`},
	"GET /repositories/{workspace}/{repo_slug}/branch-restrictions":               {},
	"POST /repositories/{workspace}/{repo_slug}/branch-restrictions":              {body: `{"kind":"push","branch_match_kind":"glob","pattern":"release/*","users":[{"username":"acme-member"}],"groups":[]}`},
	"GET /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}":          {params: restriction, before: restrictionOfHotfixes},
	"PUT /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}":          {params: restriction, before: restrictionOfHotfixes, body: `{"value":3}`},
	"DELETE /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}":       {params: restriction, before: restrictionOfHotfixes},

	"GET /repositories/{workspace}/{repo_slug}/pullrequests":                                                    {before: pullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests":                                                   {before: sourceBranch, body: pullRequestBody},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/activity":                                           {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}":                                  {before: pullRequest},
	"PUT /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}":                                  {before: pullRequest, body: `{"title":"Another","draft":true,"reviewers":[{"username":"acme-member"}]}`},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/decline":                         {before: pullRequest, body: `{"reason":"Not needed"}`},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/merge":                           {before: pullRequest, body: `{"type":"pullrequest_merge_parameters","merge_strategy":"squash"}`},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/merge/task-status/{task_id}":      {params: mergeTask, before: mergeOfPullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/approve":                         {before: pullRequest},
	"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/approve":                       {before: pullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/request-changes":                 {before: pullRequest},
	"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/request-changes":               {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/activity":                         {before: commentOnPullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/commits":                          {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/diff":                             {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/diffstat":                         {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/patch":                            {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/statuses":                         {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/pullrequests":                                    {params: map[string]string{"commit": "to-merge"}, before: pullRequest},
	"GET /workspaces/{workspace}/pullrequests/{selected_user}":                                                  {before: pullRequest},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments":                         {before: commentOnPullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments":                        {before: pullRequest, body: `{"content":{"raw":"Why?"},"inline":{"path":"file.txt","start_to":1,"to":2}}`},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}":            {before: commentOnPullRequest},
	"PUT /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}":            {before: commentOnPullRequest, body: `{"content":{"raw":"How?"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}":         {before: commentOnPullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}/resolve":   {before: commentOnPullRequest},
	"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}/resolve": {before: resolvedComment},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks":                            {before: taskOfPullRequest},
	"POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks":                           {before: commentOnPullRequest, body: `{"content":{"raw":"Test it"},"comment":{"id":1}}`},
	"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks/{task_id}":                  {before: taskOfPullRequest},
	"PUT /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks/{task_id}":                  {before: taskOfPullRequest, body: `{"content":{"raw":"Test it well"},"state":"RESOLVED"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks/{task_id}":               {before: taskOfPullRequest},
	"GET /repositories/{workspace}/{repo_slug}/default-reviewers":                                               {before: defaultReviewer},
	"GET /repositories/{workspace}/{repo_slug}/default-reviewers/{target_username}":                             {params: target, before: defaultReviewer},
	"PUT /repositories/{workspace}/{repo_slug}/default-reviewers/{target_username}":                             {params: target},
	"DELETE /repositories/{workspace}/{repo_slug}/default-reviewers/{target_username}":                          {params: target, before: defaultReviewer},
	"GET /repositories/{workspace}/{repo_slug}/effective-default-reviewers":                                     {before: defaultReviewer},

	"GET /repositories/{workspace}/{repo_slug}/deploy-keys":                      {},
	"POST /repositories/{workspace}/{repo_slug}/deploy-keys":                     {before: noDeployKeys, body: deployKeyBody},
	"GET /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}":             {params: deployKey, before: deployKeyOf("/2.0/repositories/acme/widgets")},
	"PUT /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}":             {params: deployKey, before: deployKeyOf("/2.0/repositories/acme/widgets"), body: `{"label":"Another"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}":          {params: deployKey, before: deployKeyOf("/2.0/repositories/acme/widgets")},
	"GET /workspaces/{workspace}/projects/{project_key}/deploy-keys":             {},
	"POST /workspaces/{workspace}/projects/{project_key}/deploy-keys":            {before: noDeployKeys, body: deployKeyBody},
	"GET /workspaces/{workspace}/projects/{project_key}/deploy-keys/{key_id}":    {params: deployKey, before: deployKeyOf("/2.0/workspaces/acme/projects/FTO")},
	"DELETE /workspaces/{workspace}/projects/{project_key}/deploy-keys/{key_id}": {params: deployKey, before: deployKeyOf("/2.0/workspaces/acme/projects/FTO")},

	"GET /repositories/{workspace}/{repo_slug}/pipelines_config":                                                                                       {},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config":                                                                                       {body: `{"enabled":true}`},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config/build_number":                                                                          {before: noPipelineSettings, body: `{"next":7}`},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/key_pair":                                                                          {before: stepKeyPair},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/key_pair":                                                                          {body: stepKeyBody},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/key_pair":                                                                       {before: stepKeyPair},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/known_hosts":                                                                       {},
	"POST /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/known_hosts":                                                                      {before: noPipelineSettings, body: knownHostBody},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/known_hosts/{known_host_uuid}":                                                     {params: pipelineParams, before: knownHost},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/known_hosts/{known_host_uuid}":                                                     {params: pipelineParams, before: knownHost, body: `{"hostname":"[git.example]:2222"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines_config/ssh/known_hosts/{known_host_uuid}":                                                  {params: pipelineParams, before: knownHost},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/schedules":                                                                             {before: scheduled},
	"POST /repositories/{workspace}/{repo_slug}/pipelines_config/schedules":                                                                            {before: nightly, body: scheduleBody},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/schedules/{schedule_uuid}":                                                             {params: scheduleParams, before: scheduled},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config/schedules/{schedule_uuid}":                                                             {params: scheduleParams, before: scheduled, body: `{"enabled":false}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines_config/schedules/{schedule_uuid}":                                                          {params: scheduleParams, before: scheduled},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/schedules/{schedule_uuid}/executions":                                                  {params: scheduleParams, before: executed},
	"GET /repositories/{workspace}/{repo_slug}/deployments":                                                                                            {before: deployed},
	"GET /repositories/{workspace}/{repo_slug}/deployments/{deployment_uuid}":                                                                          {params: map[string]string{"deployment_uuid": "%7B" + scheduleID + "%7D"}, before: deployed},
	"GET /workspaces/{workspace}/pipelines-config/identity/oidc/.well-known/openid-configuration":                                                      {public: true},
	"GET /workspaces/{workspace}/pipelines-config/identity/oidc/keys.json":                                                                             {public: true},
	"GET /repositories/{workspace}/{repo_slug}/environments":                                                                                           {},
	"POST /repositories/{workspace}/{repo_slug}/environments":                                                                                          {before: noPipelineSettings, body: `{"name":"EU","environment_type":{"name":"Production"}}`},
	"GET /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}":                                                                        {params: pipelineParams, before: stepVariables},
	"DELETE /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}":                                                                     {params: pipelineParams, before: stepVariables},
	"POST /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}/changes":                                                               {params: pipelineParams, before: stepVariables, body: `{"change":{"name":"US"}}`},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/variables":                                                                             {params: pipelineParams, before: stepVariables},
	"POST /repositories/{workspace}/{repo_slug}/pipelines_config/variables":                                                                            {params: pipelineParams, before: stepVariables, body: `{"key":"COLOUR","value":"red","secured":true}`},
	"GET /repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}":                                                             {params: variableOf("repository"), before: stepVariables},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}":                                                             {params: variableOf("repository"), before: stepVariables, body: `{"value":"blue"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}":                                                          {params: variableOf("repository"), before: stepVariables},
	"GET /repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables":                                           {params: pipelineParams, before: stepVariables},
	"POST /repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables":                                          {params: pipelineParams, before: stepVariables, body: `{"key":"COLOUR","value":"red","secured":true}`},
	"PUT /repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables/{variable_uuid}":                           {params: variableOf("environment"), before: stepVariables, body: `{"value":"blue"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables/{variable_uuid}":                        {params: variableOf("environment"), before: stepVariables},
	"GET /repositories/{workspace}/{repo_slug}/pipelines":                                                                                              {before: leftByStep, query: "status=PASSED&sort=-created_on"},
	"POST /repositories/{workspace}/{repo_slug}/pipelines":                                                                                             {before: pipelineFile, body: `{"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"main"},"variables":[{"key":"COLOUR","value":"red"}]}`},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}":                                                                              {params: leftParams, before: leftByStep},
	"POST /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/stopPipeline":                                                                {params: leftParams, before: leasedStep},
	"POST /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/rerun":                                                                       {params: leftParams, before: failedStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps":                                                                        {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}":                                                            {params: leftParams, before: leftByStep},
	"POST /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/start":                                                     {params: leftParams, before: waitingStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/log":                                                        {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/logs/{log_uuid}":                                            {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/test_reports":                                               {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/test_reports/test_cases":                                    {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/test_reports/test_cases/{test_case_uuid}/test_case_reasons": {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts":                                                  {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}":                                  {params: leftParams, before: leftByStep},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}":                               {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines-config/caches":                                                                                {params: leftParams, before: leftByStep},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines-config/caches":                                                                             {params: leftParams, before: leftByStep, query: "name=node"},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines-config/caches/{cache_uuid}":                                                                {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines-config/caches/{cache_uuid}/content-uri":                                                       {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines-config/caches/{cache_uuid}/content":                                                           {params: leftParams, before: leftByStep},
	"GET /repositories/{workspace}/{repo_slug}/pipelines-config/runners":                                                                               {params: leftParams, before: leftByStep},
	"POST /repositories/{workspace}/{repo_slug}/pipelines-config/runners":                                                                              {params: leftParams, before: leftByStep, body: runnerBody},
	"GET /repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}":                                                                 {params: leftParams, before: leftByStep},
	"PUT /repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}":                                                                 {params: leftParams, before: leftByStep, body: `{"state":{"status":"DISABLED"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}":                                                              {params: leftParams, before: leftByStep},
	"GET /workspaces/{workspace}/pipelines-config/runners":                                                                                             {params: ofWorkspaceRunner, before: leftByStep},
	"POST /workspaces/{workspace}/pipelines-config/runners":                                                                                            {params: ofWorkspaceRunner, before: leftByStep, body: runnerBody},
	"GET /workspaces/{workspace}/pipelines-config/runners/{runner_uuid}":                                                                               {params: ofWorkspaceRunner, before: leftByStep},
	"PUT /workspaces/{workspace}/pipelines-config/runners/{runner_uuid}":                                                                               {params: ofWorkspaceRunner, before: leftByStep, body: `{"name":"Another"}`},
	"DELETE /workspaces/{workspace}/pipelines-config/runners/{runner_uuid}":                                                                            {params: ofWorkspaceRunner, before: leftByStep},
	"POST /runners/{runner_uuid}/steps":                                                                                                                {params: ofRunner, before: readyStep, by: asRunner, body: `{"version":"1","executors":["shell"]}`},
	"PUT /runners/{runner_uuid}/steps/{step_uuid}":                                                                                                     {params: ofRunner, before: leasedStep, by: asRunner, body: `{"phase":"script"}`},
	"POST /runners/{runner_uuid}/steps/{step_uuid}/logs/{log_uuid}":                                                                                    {params: ofRunner, before: leasedStep, by: asRunner, query: "offset=0", body: "hello"},
	"PUT /runners/{runner_uuid}/steps/{step_uuid}/artifacts":                                                                                           {params: ofRunner, before: leasedStep, by: asRunner, query: "name=dist", body: "bytes"},
	"GET /runners/{runner_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}":                                                                           {params: ofRunner, before: leasedStep, by: asRunner},
	"PUT /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}":                                                                                       {params: ofRunner, before: leasedStep, by: asRunner, query: "key=k", body: "bytes"},
	"GET /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}":                                                                                       {params: ofRunner, before: leasedStep, by: asRunner, query: "key=1"},
	"PUT /runners/{runner_uuid}/steps/{step_uuid}/reports":                                                                                             {params: ofRunner, before: leasedStep, by: asRunner, query: "name=a.xml", body: "<testsuite/>"},
	"POST /runners/{runner_uuid}/steps/{step_uuid}/result":                                                                                             {params: ofRunner, before: leasedStep, by: asRunner, body: `{"outcome":"successful"}`},
	"GET /workspaces/{workspace}/pipelines-config/variables":                                                                                           {params: pipelineParams, before: stepVariables},
	"POST /workspaces/{workspace}/pipelines-config/variables":                                                                                          {params: pipelineParams, before: stepVariables, body: `{"key":"COLOUR","value":"red","secured":true}`},
	"GET /workspaces/{workspace}/pipelines-config/variables/{variable_uuid}":                                                                           {params: variableOf("workspace"), before: stepVariables},
	"PUT /workspaces/{workspace}/pipelines-config/variables/{variable_uuid}":                                                                           {params: variableOf("workspace"), before: stepVariables, body: `{"value":"blue"}`},
	"DELETE /workspaces/{workspace}/pipelines-config/variables/{variable_uuid}":                                                                        {params: variableOf("workspace"), before: stepVariables},
	"GET /teams/{username}/pipelines_config/variables":                                                                                                 {params: pipelineParams, before: stepVariables},
	"POST /teams/{username}/pipelines_config/variables":                                                                                                {params: pipelineParams, before: stepVariables, body: `{"key":"COLOUR","value":"red","secured":true}`},
	"GET /teams/{username}/pipelines_config/variables/{variable_uuid}":                                                                                 {params: variableOf("workspace"), before: stepVariables},
	"PUT /teams/{username}/pipelines_config/variables/{variable_uuid}":                                                                                 {params: variableOf("workspace"), before: stepVariables, body: `{"value":"blue"}`},
	"DELETE /teams/{username}/pipelines_config/variables/{variable_uuid}":                                                                              {params: variableOf("workspace"), before: stepVariables},
	"GET /users/{selected_user}/pipelines_config/variables":                                                                                            {params: pipelineParams, before: stepVariables},
	"POST /users/{selected_user}/pipelines_config/variables":                                                                                           {params: pipelineParams, before: stepVariables, body: `{"key":"COLOUR","value":"red","secured":true}`},
	"GET /users/{selected_user}/pipelines_config/variables/{variable_uuid}":                                                                            {params: variableOf("account"), before: stepVariables},
	"PUT /users/{selected_user}/pipelines_config/variables/{variable_uuid}":                                                                            {params: variableOf("account"), before: stepVariables, body: `{"value":"blue"}`},
	"DELETE /users/{selected_user}/pipelines_config/variables/{variable_uuid}":                                                                         {params: variableOf("account"), before: stepVariables},

	"GET /hook_events":                                         {public: true},
	"GET /hook_events/{subject_type}":                          {params: map[string]string{"subject_type": "workspace"}, public: true},
	"GET /repositories/{workspace}/{repo_slug}/hooks":          {},
	"POST /repositories/{workspace}/{repo_slug}/hooks":         {body: hookBody},
	"GET /repositories/{workspace}/{repo_slug}/hooks/{uid}":    {params: hook, before: hookOf("repository_id", "repositories/acme/widgets")},
	"PUT /repositories/{workspace}/{repo_slug}/hooks/{uid}":    {params: hook, before: hookOf("repository_id", "repositories/acme/widgets"), body: `{"active":false,"secret":null}`},
	"DELETE /repositories/{workspace}/{repo_slug}/hooks/{uid}": {params: hook, before: hookOf("repository_id", "repositories/acme/widgets")},
	"GET /workspaces/{workspace}/hooks":                        {},
	"POST /workspaces/{workspace}/hooks":                       {body: hookBody},
	"GET /workspaces/{workspace}/hooks/{uid}":                  {params: hook, before: hookOf("workspace_id", "workspaces/acme")},
	"PUT /workspaces/{workspace}/hooks/{uid}":                  {params: hook, before: hookOf("workspace_id", "workspaces/acme"), body: `{"active":false,"secret":null}`},
	"DELETE /workspaces/{workspace}/hooks/{uid}":               {params: hook, before: hookOf("workspace_id", "workspaces/acme")},

	"POST /snippets":                            {body: snippetFiles},
	"GET /snippets/{workspace}":                 {},
	"POST /snippets/{workspace}":                {body: snippetFiles},
	"GET /snippets/{workspace}/{encoded_id}":    {params: snippetParams, before: snippetOfAdmin},
	"PUT /snippets/{workspace}/{encoded_id}":    {params: snippetParams, before: snippetOfAdmin, body: `{"title":"Changed"}`},
	"DELETE /snippets/{workspace}/{encoded_id}": {params: snippetParams, before: snippetOfAdmin},

	"GET /snippets/{workspace}/{encoded_id}/{node_id}":              {params: snippetParams, before: snippetOfAdmin},
	"PUT /snippets/{workspace}/{encoded_id}/{node_id}":              {params: snippetParams, before: snippetOfAdmin, body: snippetFiles},
	"DELETE /snippets/{workspace}/{encoded_id}/{node_id}":           {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/files/{path}":           {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/{node_id}/files/{path}": {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/commits":                {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/commits/{revision}":     {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/{revision}/diff":        {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/{revision}/patch":       {params: snippetParams, before: snippetOfAdmin},

	"GET /snippets/{workspace}/{encoded_id}/comments":                 {params: snippetParams, before: commentOnSnippet},
	"POST /snippets/{workspace}/{encoded_id}/comments":                {params: snippetParams, before: commentOnSnippet, body: `{"content":{"raw":"So that"},"parent":{"id":1}}`},
	"GET /snippets/{workspace}/{encoded_id}/comments/{comment_id}":    {params: snippetParams, before: commentOnSnippet},
	"PUT /snippets/{workspace}/{encoded_id}/comments/{comment_id}":    {params: snippetParams, before: commentOnSnippet, body: `{"content":{"raw":"How?"}}`},
	"DELETE /snippets/{workspace}/{encoded_id}/comments/{comment_id}": {params: snippetParams, before: commentOnSnippet},
	"GET /snippets/{workspace}/{encoded_id}/watch":                    {params: snippetParams, before: snippetOfAdmin},
	"PUT /snippets/{workspace}/{encoded_id}/watch":                    {params: snippetParams, before: snippetOfAdmin},
	"DELETE /snippets/{workspace}/{encoded_id}/watch":                 {params: snippetParams, before: snippetOfAdmin},
	"GET /snippets/{workspace}/{encoded_id}/watchers":                 {params: snippetParams, before: snippetOfAdmin},

	"GET /repositories/{workspace}/{repo_slug}/downloads":               {},
	"POST /repositories/{workspace}/{repo_slug}/downloads":              {body: artifact},
	"GET /repositories/{workspace}/{repo_slug}/downloads/{filename}":    {params: map[string]string{"filename": "widget.tar"}, before: artifactOfWidgets},
	"DELETE /repositories/{workspace}/{repo_slug}/downloads/{filename}": {params: map[string]string{"filename": "widget.tar"}, before: artifactOfWidgets},

	"GET /workspaces/{workspace}/search/code": {query: "search_query=line"},
	"GET /teams/{username}/search/code":       {params: map[string]string{"username": "acme"}, query: "search_query=line"},
	"GET /users/{selected_user}/search/code":  {query: "search_query=line", public: true},

	"GET /repositories/{workspace}/{repo_slug}/merge-base/{revspec}":        {params: map[string]string{"revspec": "main..feature/one"}},
	"GET /repositories/{workspace}/{repo_slug}/diff/{spec}":                 {params: map[string]string{"spec": "main"}},
	"GET /repositories/{workspace}/{repo_slug}/diffstat/{spec}":             {params: map[string]string{"spec": "feature/one..main"}},
	"GET /repositories/{workspace}/{repo_slug}/patch/{spec}":                {params: map[string]string{"spec": "main"}},
	"POST /repositories/{workspace}/{repo_slug}/src":                        {body: pailtest.Form("message=Made+here&docs%2Fmade.txt=1")},
	"GET /repositories/{workspace}/{repo_slug}/src":                         {},
	"GET /repositories/{workspace}/{repo_slug}/src/{commit}/{path}":         {params: map[string]string{"commit": "main", "path": ""}},
	"GET /repositories/{workspace}/{repo_slug}/filehistory/{commit}/{path}": {params: map[string]string{"commit": "main", "path": "file.txt"}},
	"GET /repositories/{workspace}/{repo_slug}/refs":                        {},
	"GET /repositories/{workspace}/{repo_slug}/refs/branches":               {},
	"GET /repositories/{workspace}/{repo_slug}/refs/branches/{name}":        {params: map[string]string{"name": "feature/one"}},
	"POST /repositories/{workspace}/{repo_slug}/refs/branches":              {body: `{"name":"made/here","target":{"hash":"main"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/refs/branches/{name}":     {params: map[string]string{"name": "doomed"}, before: spareRef(gitstore.BranchPrefix)},
	"GET /repositories/{workspace}/{repo_slug}/refs/tags":                   {},
	"POST /repositories/{workspace}/{repo_slug}/refs/tags":                  {body: `{"name":"made-here","target":{"hash":"main"},"message":"Made here"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/refs/tags/{name}":         {params: map[string]string{"name": "doomed"}, before: spareRef(gitstore.TagPrefix)},
	"GET /repositories/{workspace}/{repo_slug}/refs/tags/{name}":            {params: map[string]string{"name": "v1.0"}},
}

// path is where the operation is called, below the prefix of the API.
func (ex example) path(op *catalog.Operation, w *pailtest.World) string {
	path := fill(op.Template, ex.params, w)
	if ex.query != "" {
		path += "?" + ex.query
	}
	return path
}

// Parameters of what is said of the main branch's commit.
var (
	onMain = map[string]string{"commit": "main"}
	status = map[string]string{"commit": "main", "key": "ci"}
	report = map[string]string{"commit": "main", "reportId": "scan", "annotationId": "1"}
)

const (
	onMainPath = "/2.0/repositories/acme/widgets/commit/main"
	reportBody = `{"title":"Scan","details":"Nothing","report_type":"SECURITY","result":"PASSED","data":[{"title":"All","type":"LINK","value":{"text":"all","href":"https://scan.example/1"}}]}`
)

func statusOfMain(w *pailtest.World) {
	w.Want(w.Do(w.Token(w.Admin, "read:repository"), "POST", onMainPath+"/statuses/build", `{"key":"ci","state":"SUCCESSFUL"}`), http.StatusCreated)
}

func reportOfMain(w *pailtest.World) {
	w.Want(w.Do(w.Token(w.Admin, "read:repository"), "PUT", onMainPath+"/reports/scan", reportBody), http.StatusOK)
}

func annotationOfMain(w *pailtest.World) {
	reportOfMain(w)
	w.Want(w.Do(w.Token(w.Admin, "read:repository"), "PUT", onMainPath+"/reports/scan/annotations/1", `{"annotation_type":"BUG","summary":"Off by one"}`), http.StatusOK)
}

const artifact = pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"widget.tar\"\r\n\r\nwhole\r\n--b--\r\n")

func artifactOfWidgets(w *pailtest.World) {
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), "POST", "/2.0/repositories/acme/widgets/downloads", artifact), http.StatusCreated)
}

const snippetFiles = pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"notes.txt\"\r\n\r\nWhat is new\r\n--b--\r\n")

var snippetParams = map[string]string{"encoded_id": "aaaaaaaa", "node_id": "HEAD", "revision": "main", "path": "notes.txt", "comment_id": "1"}

// snippetOfAdmin makes a snippet with that id, the only one.
func snippetOfAdmin(w *pailtest.World) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM snippet`)
		return err
	}))
	w.Want(w.Do(w.Token(w.Admin, "read:snippet", "write:snippet"), "POST", "/2.0/snippets/acme", snippetFiles), http.StatusCreated)
	w.Exec(`UPDATE snippet SET encoded_id = 'aaaaaaaa'`)
}

// commentOnSnippet makes such a snippet with number 1 of the comments, the admin's.
func commentOnSnippet(w *pailtest.World) {
	snippetOfAdmin(w)
	w.Exec(`UPDATE counter SET value = 0 WHERE name = 'snippet_comment'`)
	w.Want(w.Do(w.Token(w.Admin, "read:snippet", "write:snippet"), "POST", "/2.0/snippets/acme/aaaaaaaa/comments", `{"content":{"raw":"Why?"}}`), http.StatusCreated)
}

// empty forgets what is in a table whose rows are numbered, and numbers the next ones from 1.
func empty(w *pailtest.World, table string) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM `+table)
		return err
	}))
	w.Exec(`UPDATE counter SET value = 0 WHERE name = $1`, table)
}

// commentOnMain makes number 1 of the comments, the admin's.
func commentOnMain(w *pailtest.World) {
	empty(w, "commit_comment")
	w.Want(w.Do(w.Token(w.Admin, "read:repository"), "POST", onMainPath+"/comments", `{"content":{"raw":"Why?"}}`), http.StatusCreated)
}

var restriction = map[string]string{"id": "1"}

// restrictionOfHotfixes makes number 1 of the restrictions.
func restrictionOfHotfixes(w *pailtest.World) {
	empty(w, "branch_restriction")
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "POST", "/2.0/repositories/acme/widgets/branch-restrictions",
		`{"kind":"require_approvals_to_merge","branch_match_kind":"branching_model","branch_type":"hotfix","pattern":"","value":2}`), http.StatusCreated)
}

const (
	mergeTaskID     = "01990000-0000-7000-8000-000000000002"
	pullRequestBody = `{"title":"Merge this","source":{"branch":{"name":"to-merge"}},"destination":{"branch":{"name":"main"}}}`
)

var (
	mergeTask = map[string]string{"task_id": mergeTaskID}
	target    = map[string]string{"target_username": "acme-member"}
)

// sourceBranch makes a branch with a commit that main lacks, and forgets all pull requests.
func sourceBranch(w *pailtest.World) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM pull_request`)
		return err
	}))
	w.Exec(`UPDATE repository SET last_pull_request = 0, last_comment = 0, last_task = 0`)
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(fmt.Sprintf("message=More&branch=to-merge&more-%d.txt=1", time.Now().UnixNano()))), http.StatusCreated)
}

// pullRequest makes number 1, the admin's.
func pullRequest(w *pailtest.World) {
	sourceBranch(w)
	w.Want(w.Do(w.Token(w.Admin, "read:pullrequest", "write:pullrequest"), "POST", "/2.0/repositories/acme/widgets/pullrequests", pullRequestBody), http.StatusCreated)
}

const ofPullRequest = "/2.0/repositories/acme/widgets/pullrequests/1"

// commentOnPullRequest makes number 1 of the comments, the admin's, on a line of number 1 of the pull requests.
func commentOnPullRequest(w *pailtest.World) {
	pullRequest(w)
	w.Want(w.Do(w.Token(w.Admin, "read:pullrequest"), "POST", ofPullRequest+"/comments", `{"content":{"raw":"Why?"},"inline":{"path":"file.txt","from":1,"to":1}}`), http.StatusCreated)
}

func resolvedComment(w *pailtest.World) {
	commentOnPullRequest(w)
	w.Want(w.Do(w.Token(w.Admin, "read:pullrequest"), "POST", ofPullRequest+"/comments/1/resolve", nil), http.StatusOK)
}

// taskOfPullRequest makes number 1 of the tasks, which is done, for number 1 of the comments.
func taskOfPullRequest(w *pailtest.World) {
	commentOnPullRequest(w)
	token := w.Token(w.Admin, "read:pullrequest")
	w.Want(w.Do(token, "POST", ofPullRequest+"/tasks", `{"content":{"raw":"Test it"},"comment":{"id":1}}`), http.StatusCreated)
	w.Want(w.Do(token, "PUT", ofPullRequest+"/tasks/1", `{"state":"RESOLVED"}`), http.StatusOK)
}

// mergeOfPullRequest merges number 1 in the background, as the task of that id.
func mergeOfPullRequest(w *pailtest.World) {
	pullRequest(w)
	a := w.Want(w.Do(w.Token(w.Admin, "read:pullrequest", "write:pullrequest"), "POST", "/2.0/repositories/acme/widgets/pullrequests/1/merge?async=true", nil), http.StatusAccepted)
	location, token := strings.TrimPrefix(a.Header.Get("Location"), w.URL), w.Token(w.Admin, "read:pullrequest")
	pailtest.Until(w.T, func() bool { return w.Do(token, "GET", location, nil).String("task_status") == "SUCCESS" })
	w.Exec(`UPDATE pull_request_merge SET id = $1`, mergeTaskID)
}

func defaultReviewer(w *pailtest.World) {
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "PUT", "/2.0/repositories/acme/widgets/default-reviewers/acme-member", nil), http.StatusOK)
}

var deployKey = map[string]string{"key_id": "1"}

const deployKeyBody = `{"key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41 builder@ci","label":"Builder"}`

func noDeployKeys(w *pailtest.World) { empty(w, "deploy_key") }

var sshKey = map[string]string{"selected_user": "acme-admin", "key_id": "%7B" + sshKeyID + "%7D"}

const sshKeyID = "0191a1b2-0000-7000-8000-0123456789ab"

const sshKeyBody = `{"key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti ada@laptop","label":"Laptop"}`

func noSSHKeys(w *pailtest.World) { empty(w, "ssh_key") }

// sshKeyOfAdmin makes the key sshKeyID.
func sshKeyOfAdmin(w *pailtest.World) {
	noSSHKeys(w)
	w.Want(w.Do(w.Token(w.Admin, "read:ssh-key", "write:ssh-key"), "POST", "/2.0/users/acme-admin/ssh-keys", sshKeyBody), http.StatusCreated)
	w.Exec(`UPDATE ssh_key SET id = $1`, sshKeyID)
}

var gpgKey = map[string]string{"selected_user": "acme-admin", "fingerprint": "3D81742CA6DA5C3E79558D33FD8AC1166E5F0FD0"}

const gpgKeyBody = `{"key":"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEawzAFxYJKwYBBAHaRw8BAQdATMa1yOYv3M1zXrG8yfKuxQEPQOi9NsaijJml\nZo09R460HkFkYSBBZG1pbiA8YWRtaW5AYWNtZS5leGFtcGxlPoiQBBMWCAA4FiEE\nPYF0LKbaXD55VY0z/YrBFm5fD9AFAmsMwBcCGwMFCwkIBwIGFQoJCAsCBBYCAwEC\nHgECF4AACgkQ/YrBFm5fD9C6YgEA+6xKg9ZAR81Gf1ENW14AAiyD9+GUFKjlOdoB\ncLdEmO8A/ifRwHpUTemStb+EqlruWNgXuvNN+0woHlt3gNdc4vcA\n=1goL\n-----END PGP PUBLIC KEY BLOCK-----"}`

func noGPGKeys(w *pailtest.World) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM gpg_key`)
		return err
	}))
}

// gpgKeyOfAdmin adds the key.
func gpgKeyOfAdmin(w *pailtest.World) {
	noGPGKeys(w)
	w.Want(w.Do(w.Token(w.Admin, "read:gpg-key", "write:gpg-key"), "POST", "/2.0/users/acme-admin/gpg-keys", gpgKeyBody), http.StatusCreated)
}

// deployKeyOf makes number 1 of the deploy keys, in the place with this path.
func deployKeyOf(path string) func(*pailtest.World) {
	return func(w *pailtest.World) {
		empty(w, "deploy_key")
		w.Want(w.Do(w.Token(w.Admin, "admin:repository", "admin:project", "write:ssh-key"), "POST", path+"/deploy-keys", deployKeyBody), http.StatusOK)
	}
}

const (
	hookID   = "01990000-0000-7000-8000-000000000001"
	hookBody = `{"url":"https://ci.example/hook","description":"CI","active":true,"events":["repo:push"],"secret":"hush"}`
)

var hook = map[string]string{"uid": "%7B" + hookID + "%7D"}

// hookOf makes a webhook of that id.
func hookOf(column, path string) func(*pailtest.World) {
	return func(w *pailtest.World) {
		check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec(context.Background(), `DELETE FROM webhook`)
			return err
		}))
		w.Want(w.Do(w.Token(w.Admin, "read:webhook", "write:webhook"), "POST", "/2.0/"+path+"/hooks", hookBody), http.StatusCreated)
		w.Exec(`UPDATE webhook SET id = $1 WHERE `+column+` IS NOT NULL`, hookID)
	}
}

func spareProject(w *pailtest.World) {
	_, err := w.Workspaces.CreateProject(context.Background(), w.Workspace, workspace.NewProject{Key: "GONE", Name: "Gone"})
	check(w, err)
}

func spareGroup(w *pailtest.World) {
	g, err := w.Workspaces.CreateGroup(context.Background(), w.Workspace.ID, "spare", "Spare")
	check(w, err)
	check(w, w.Workspaces.GrantGroup(context.Background(), w.Project, g.ID, access.Read))
}

func userGrant(w *pailtest.World) {
	check(w, w.Workspaces.GrantUser(context.Background(), w.Project, w.Member.ID, access.Read))
}

// spareRef makes a branch or a tag that may go.
func spareRef(prefix string) func(*pailtest.World) {
	return func(w *pailtest.World) {
		git := w.Repositories.Git
		head, err := git.Resolve(context.Background(), w.Repository.ID, "main")
		check(w, err)
		check(w, git.CreateRef(context.Background(), w.Repository.ID, prefix+"doomed", head))
	}
}

var homePage = map[string]string{"page": wiki.Start}

// noNewPage is wikiPage, without another page.
func noNewPage(w *pailtest.World) {
	wikiPage(w)
	there, err := w.Wikis.Open(context.Background(), w.Repository)
	check(w, err)
	if _, err := w.Wikis.Page(context.Background(), there, "docs/New.md", ""); err == nil {
		check(w, w.Wikis.Remove(context.Background(), &access.Principal{Name: "test", ID: "test"}, there, "docs/New.md", ""))
	}
}

// wikiPage switches the wiki on, and makes its first page where it has none.
func wikiPage(w *pailtest.World) {
	on := true
	r, err := w.Repositories.Update(context.Background(), w.Repository, repository.Change{HasWiki: &on}, nil)
	check(w, err)
	w.Repository = r
	there, err := w.Wikis.Open(context.Background(), r)
	check(w, err)
	if _, err := w.Wikis.Page(context.Background(), there, wiki.Start, ""); err == nil {
		return
	}
	text := "# Hello\n"
	_, _, err = w.Wikis.Save(context.Background(), &access.Principal{Name: "test", ID: "test"}, there, wiki.Edit{Path: wiki.Start, Text: &text})
	check(w, err)
}

func reviewer(w *pailtest.World) {
	check(w, w.Workspaces.AddDefaultReviewer(context.Background(), w.Project, w.Member.ID))
}

// succeeded tells whether an operation did what it is for; some lead elsewhere.
func succeeded(a *pailtest.Answer) bool { return a.Status/100 == 2 || a.Status == http.StatusFound }

func check(w *pailtest.World, err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// forgetTokens removes the admin's API tokens: an account has only so many, and each operation is tried with several.
func forgetTokens(w *pailtest.World) {
	check(w, w.Gate.Recorder.Flush(context.Background()))
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM credential WHERE account_id = $1 AND kind = $2`, w.Admin.ID, string(access.APIToken))
		return err
	}))
}

// TestEveryServedOperation walks all operations that are served: without a credential, with each required scope
// missing in turn, and with exactly the required scopes, which must succeed.
func TestEveryServedOperation(t *testing.T) {
	t.Parallel()
	pailtest.Schemas(t)
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(2)
		for _, key := range w.API.Keys() {
			t.Run(key, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				defer forgetTokens(w)
				op, _ := catalog.Lookup(key)
				ex, ok := examples[key]
				if !ok {
					t.Fatal("no example in this test: add one")
				}
				path := "/2.0" + ex.path(op, w)
				anonymous := w.Do(pailtest.None, op.Method, path, ex.body)
				switch {
				case ex.public:
					w.Want(anonymous, http.StatusOK)
				case anonymous.Status != http.StatusUnauthorized && anonymous.Status != http.StatusNotFound:
					t.Errorf("anonymous: %d", anonymous.Status)
				}
				if ex.by != nil {
					w.Want(w.Do(w.Token(w.Admin, "admin:repository", "admin:pipeline"), op.Method, path, ex.body), http.StatusForbidden, "credential.kind_not_accepted")
					ex.before(w)
					if a := w.Do(ex.by(w), op.Method, path, ex.body); !succeeded(a) {
						t.Errorf("%d %s", a.Status, a.Body)
					}
				}
				for i, alternative := range op.Scopes {
					required := alternative.Scopes()
					for _, missing := range refusedBy(s, required) {
						rest := alternative.Without(scope.NewSet(missing))
						if slices.ContainsFunc(op.Scopes, func(other scope.Set) bool { return rest.Contains(other) }) {
							continue // another alternative takes no more than that
						}
						// A token has at least one scope; this one opens nothing of the operation.
						scopes := []string{"read:package:bitbucket"}
						for _, s := range required {
							if s != missing {
								scopes = append(scopes, s.String())
							}
						}
						a := w.Want(w.Do(w.Token(w.Admin, scopes...), op.Method, path, ex.body), http.StatusForbidden, "scope.missing")
						if got := a.String("error.data.missing"); i == 0 && got != fmt.Sprintf("[%q]", missing) { // it names the first alternative
							t.Errorf("without %s the answer says that %s is missing", missing, got)
						}
					}
					if ex.before != nil {
						ex.before(w)
					}
					a := w.Do(w.Token(w.Admin, alternative.Names()...), op.Method, path, ex.body)
					if !succeeded(a) {
						t.Errorf("with exactly %v: %d %s", alternative.Names(), a.Status, a.Body)
					}
					for _, h := range []string{"X-Oauth-Scopes", "X-Accepted-Oauth-Scopes", "X-Credential-Type"} {
						if a.Header.Get(h) == "" {
							t.Errorf("the authenticated answer has no %s", h)
						}
					}
				}
			})
		}
	})
}

// refusedBy are the scopes whose lack is tried on a server: all, on one of the databases. What lacks one is refused before the store is
// asked for anything but the credential, so the other would be tried for nothing.
func refusedBy(s *pailtest.Server, required []scope.Scope) []scope.Scope {
	if strings.HasPrefix(s.Config.Database, "postgres") {
		return nil
	}
	return required
}

// TestEveryOtherOperation: what is not built answers 501 by name, what was removed 410 with what replaces it.
func TestEveryOtherOperation(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	token := w.Token(w.Admin, "read:user")
	served := w.API.Keys()
	for _, op := range catalog.All() {
		if slices.Contains(served, op.Key) {
			continue
		}
		path := "/2.0" + fill(op.Template, nil, w)
		for _, credential := range []pailtest.Credential{pailtest.None, token} {
			a := w.Do(credential, op.Method, path, nil)
			if op.Removed != nil {
				w.Want(a, http.StatusGone, "path.removed")
				continue
			}
			w.Want(a, http.StatusNotImplemented, "operation.not_served")
			if got := a.String("error.data.operation"); got != op.Key {
				t.Errorf("%s answers for %q", op.Key, got)
			}
		}
	}
}

// fill puts values into a template.
func fill(template string, params map[string]string, w *pailtest.World) string {
	usual := map[string]string{
		"workspace": "acme", "repo_slug": "widgets", "project_key": "FTO", "group_slug": "developers",
		"selected_user": w.Member.AccountID, "selected_user_id": "%7B" + w.Member.ID + "%7D",
	}
	parts := strings.Split(template, "/")
	for i, part := range parts {
		for {
			open := strings.IndexByte(part, '{')
			if open < 0 {
				break
			}
			end := strings.IndexByte(part, '}')
			name := part[open+1 : end]
			value, ok := params[name]
			if !ok {
				if value, ok = usual[name]; !ok {
					value = "1"
				}
			}
			// Only the first brace is replaced each time, so a value must not bring braces of its own.
			part = part[:open] + value + part[end+1:]
		}
		parts[i] = part
	}
	return strings.Join(parts, "/")
}
