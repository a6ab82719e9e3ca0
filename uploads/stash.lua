-- What must be atomic, or one round trip, about photos in Redis. uploads/photo_redis.py calls it: ARGV[1] names the operation.
--
-- photo:{id}                hash     the record; "until:draft" and "until:{order}" are its holders and their ends (Unix s)
-- photo:{id}:{n}            string   chunk n of the bytes
-- photo:{id}:preview        string   the upright preview, JPEG
-- photos:draft:{draft}      hash     the manifest: SHA-256 → photo id, so that a draft cannot hold a photo twice
-- photos:holder:{order}     set      ids of the photos that an order holds
-- photos:checking           zset     photo id → when its check was last asked for (Unix s)
-- photos:expiry             zset     photo id → when its bytes expire (Unix s); unfinished uploads stand here too
-- photos:sizes              hash     photo id → bytes, always the same ids as photos:expiry
-- photos:total              string   the sum of photos:sizes

local call = redis.call

local function clock()
  local t = call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end

local now = clock()

local function milliseconds(seconds)
  return string.format('%.0f', seconds * 1000)
end

local function account(id, bytes, expires)
  local before = tonumber(call('HGET', 'photos:sizes', id) or '0')
  if bytes then
    call('HSET', 'photos:sizes', id, string.format('%.0f', bytes))
    call('ZADD', 'photos:expiry', string.format('%.3f', expires), id)
  else
    call('HDEL', 'photos:sizes', id)
    call('ZREM', 'photos:expiry', id)
    call('ZREM', 'photos:checking', id)
  end
  return call('INCRBY', 'photos:total', string.format('%.0f', (bytes or 0) - before))
end

local function sweep()
  local gone = call('ZRANGEBYSCORE', 'photos:expiry', '-inf', now, 'LIMIT', 0, 1000)
  for _, id in ipairs(gone) do account(id, nil) end
  return #gone
end

local function each_key(id, chunks, act)
  act('photo:' .. id)
  act('photo:' .. id .. ':preview')
  for n = 0, chunks - 1 do act('photo:' .. id .. ':' .. n) end
end

local function destroy(id, chunks)
  each_key(id, chunks, function(key) call('UNLINK', key) end)
  account(id, nil)
end

-- Gives the photo the life of its longest holder; with no holder left it is deleted.
local function settle(id)
  local record = call('HGETALL', 'photo:' .. id)
  if #record == 0 then return end
  local last, chunks = 0, 0
  for i = 1, #record, 2 do
    local value = tonumber(record[i + 1])
    if string.sub(record[i], 1, 6) == 'until:' then
      if value > now then last = math.max(last, value) else call('HDEL', 'photo:' .. id, record[i]) end
    elseif record[i] == 'chunks' then
      chunks = value
    end
  end
  if last == 0 then return destroy(id, chunks) end
  each_key(id, chunks, function(key) call('PEXPIREAT', key, milliseconds(last)) end)
  account(id, tonumber(call('HGET', 'photos:sizes', id) or '0'), last)
end

local function lengthen(key, seconds)
  if call('PTTL', key) < seconds * 1000 then call('PEXPIRE', key, milliseconds(seconds)) end
end

local function extend(id, field, seconds)
  local before = tonumber(call('HGET', 'photo:' .. id, field) or '0')
  if now + seconds > before then call('HSET', 'photo:' .. id, field, string.format('%.3f', now + seconds)) end
end

local operations = {}

-- id, bytes, budget, seconds
function operations.reserve(id, bytes, budget, seconds)
  sweep()
  local mine = tonumber(call('HGET', 'photos:sizes', id) or '0')
  local total = tonumber(call('GET', 'photos:total') or '0')
  if total - mine + tonumber(bytes) > tonumber(budget) then return 'full' end
  account(id, tonumber(bytes), now + tonumber(seconds))
  return 'ok'
end

-- id, chunks, seconds: an upload under way keeps what it has sent
function operations.refresh(id, chunks, seconds)
  for n = 0, tonumber(chunks) - 1 do call('PEXPIRE', 'photo:' .. id .. ':' .. n, milliseconds(tonumber(seconds))) end
  call('ZADD', 'photos:expiry', 'XX', string.format('%.3f', now + tonumber(seconds)), id)
end

-- id, chunks
function operations.discard(id, chunks)
  if call('EXISTS', 'photo:' .. id) == 0 then destroy(id, tonumber(chunks)) end
end

local function count(manifest)
  local entries = call('HGETALL', manifest)
  local living = 0
  for i = 1, #entries, 2 do
    if call('HEXISTS', 'photo:' .. entries[i + 1], 'until:draft') == 1 then
      living = living + 1
    else
      call('HDEL', manifest, entries[i])
    end
  end
  return living
end

-- id, draft, sha256, chunks, bytes, seconds, limit, field, value, …
function operations.commit(id, draft, sha256, chunks, bytes, seconds, limit, ...)
  local manifest = 'photos:draft:' .. draft
  seconds = tonumber(seconds)
  local first = call('HGET', manifest, sha256)
  if first and first ~= id and call('HEXISTS', 'photo:' .. first, 'until:draft') == 1 then
    destroy(id, tonumber(chunks))
    return {'duplicate', first, call('HGETALL', 'photo:' .. first)}
  end
  if first ~= id and count(manifest) >= tonumber(limit) then
    destroy(id, tonumber(chunks))
    return {'many', '', {}}
  end
  for n = 0, tonumber(chunks) - 1 do
    if call('EXISTS', 'photo:' .. id .. ':' .. n) == 0 then
      destroy(id, tonumber(chunks))
      return {'lost', '', {}}
    end
  end
  call('HSET', 'photo:' .. id, 'draft', draft, 'sha256', sha256, 'chunks', chunks, 'bytes', bytes,
    'created', string.format('%.6f', now), 'until:draft', string.format('%.3f', now + seconds), ...)
  call('HSET', manifest, sha256, id)
  lengthen(manifest, seconds)
  account(id, tonumber(bytes), now + seconds)
  settle(id)
  call('ZADD', 'photos:checking', string.format('%.3f', now), id)
  return {'ok', id, call('HGETALL', 'photo:' .. id)}
end

-- id, field, value, …: nothing where the photo is gone
function operations.mark(id, ...)
  call('ZREM', 'photos:checking', id)
  if call('EXISTS', 'photo:' .. id) == 0 then return 0 end
  call('HSET', 'photo:' .. id, ...)
  return 1
end

-- id, jpeg
function operations.preview(id, jpeg)
  if call('EXISTS', 'photo:' .. id) == 0 then return 0 end
  local key = 'photo:' .. id .. ':preview'
  local before = call('STRLEN', key)
  call('SET', key, jpeg)
  local size = tonumber(call('HGET', 'photos:sizes', id) or '0')
  account(id, size - before + #jpeg, now)
  settle(id)
  return 1
end

-- holder, seconds, id, …
function operations.hold(holder, seconds, ...)
  local held = 0
  for _, id in ipairs({...}) do
    if call('EXISTS', 'photo:' .. id) == 1 then
      extend(id, 'until:' .. holder, tonumber(seconds))
      settle(id)
      call('SADD', 'photos:holder:' .. holder, id)
      held = held + 1
    end
  end
  lengthen('photos:holder:' .. holder, tonumber(seconds))
  return held
end

-- holder, id, …
function operations.release(holder, ...)
  for _, id in ipairs({...}) do
    call('HDEL', 'photo:' .. id, 'until:' .. holder)
    call('SREM', 'photos:holder:' .. holder, id)
    settle(id)
  end
end

local function leave(draft, id)
  local sha256 = call('HGET', 'photo:' .. id, 'sha256')
  if sha256 and call('HGET', 'photos:draft:' .. draft, sha256) == id then call('HDEL', 'photos:draft:' .. draft, sha256) end
  call('HDEL', 'photo:' .. id, 'until:draft')
  settle(id)
end

-- draft: {id, record} of each of its photos, in one round trip
function operations.photos(draft)
  local found = {}
  for _, id in ipairs(call('HVALS', 'photos:draft:' .. draft)) do
    table.insert(found, { id, call('HGETALL', 'photo:' .. id) })
  end
  return found
end

-- draft, id
function operations.remove(draft, id)
  local record = call('HMGET', 'photo:' .. id, 'draft', 'until:draft')
  if record[1] ~= draft or not record[2] then return 0 end
  leave(draft, id)
  return 1
end

-- draft
function operations.drop(draft)
  for _, id in ipairs(call('HVALS', 'photos:draft:' .. draft)) do leave(draft, id) end
  call('DEL', 'photos:draft:' .. draft)
end

-- draft, seconds
function operations.prolong(draft, seconds)
  for _, id in ipairs(call('HVALS', 'photos:draft:' .. draft)) do
    if call('HEXISTS', 'photo:' .. id, 'until:draft') == 1 then
      extend(id, 'until:draft', tonumber(seconds))
      settle(id)
    end
  end
  if call('EXISTS', 'photos:draft:' .. draft) == 1 then lengthen('photos:draft:' .. draft, tonumber(seconds)) end
end

-- seconds, limit: photos whose check was asked for longer ago than that; they count as asked for now
function operations.overdue(seconds, limit)
  local found = {}
  for _, id in ipairs(call('ZRANGEBYSCORE', 'photos:checking', '-inf', now - tonumber(seconds), 'LIMIT', 0, limit)) do
    if call('HGET', 'photo:' .. id, 'state') == 'checking' then
      call('ZADD', 'photos:checking', string.format('%.3f', now), id)
      table.insert(found, call('HGET', 'photo:' .. id, 'draft'))
      table.insert(found, id)
    else
      call('ZREM', 'photos:checking', id)
    end
  end
  return found
end

function operations.total()
  sweep()
  return tonumber(call('GET', 'photos:total') or '0')
end

-- Sums photos:sizes anew; the difference to what photos:total said, which is 0.
function operations.recount()
  sweep()
  local sum = 0
  for _, size in ipairs(call('HVALS', 'photos:sizes')) do sum = sum + tonumber(size) end
  local before = tonumber(call('GET', 'photos:total') or '0')
  call('SET', 'photos:total', string.format('%.0f', sum))
  return before - sum
end

local arguments = {}
for i = 2, #ARGV do arguments[i - 1] = ARGV[i] end
return operations[ARGV[1]](unpack(arguments))
